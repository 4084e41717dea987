import type { Pointer, TensorFlowApi } from '../../tensorflow/c-api/c-api.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import type { Session } from '../../tensorflow/c-api/session.js';
import { emptyTensor } from '../../tensorflow/c-api/tensors.js';
import type { RowExchange } from './phases.js';
import type { ShareProgram } from './share-program.js';
import { OrderedSum } from './sum-in-order.js';
import { othersThan, type Messages, type Transfer } from './transport.js';
import type { WorkerGroup } from './worker-group.js';

/** A tensor that is written and fed again and again. */
type Buffer = ReturnType<typeof emptyTensor>;

/** What a step results in. */
export interface StepOutcome {
  loss: number;
  correct: number;
}

/** A phase, ready to run. */
interface ReadyPhase {
  /** Its tensors, in the order of its feeds. */
  readonly feeds: readonly (() => Pointer)[];
  /** The keys of what it fetches: nodes. */
  readonly fetches: readonly string[];
  readonly run: (tensors: readonly Pointer[]) => BigInt64Array;
  /** Sends what was fetched to the other workers, and receives theirs. */
  readonly exchange: (fetched: ReadonlyMap<string, Pointer>) => Promise<void>;
}

/** Runs the steps of a share program, with memory that all of them use. */
export class ShareRunner {
  readonly #api: TensorFlowApi;
  readonly #group: WorkerGroup;
  readonly #program: ShareProgram;
  readonly #buffers: Buffer[] = [];
  readonly #sums: OrderedSum[] = [];
  readonly #order: Buffer;
  readonly #own: Buffer;
  readonly #coefficients: Buffer;
  readonly #phases: readonly ReadyPhase[];
  /** What the phases of the current step have fetched, by node. */
  readonly #fetched = new Map<string, Pointer>();

  constructor(api: TensorFlowApi, session: Session, program: ShareProgram, group: WorkerGroup) {
    this.#api = api;
    this.#group = group;
    this.#program = program;
    const { shares, coefficientCount } = program;
    this.#order = this.#buffer(DataType.INT32, [shares.batch]);
    this.#own = this.#buffer(DataType.INT32, [shares.sizes[program.place]!]);
    this.#coefficients = this.#buffer(DataType.FLOAT, [coefficientCount]);
    this.#phases = this.#prepare(session);
  }

  /**
   * Runs a step with all workers. Throws what `Transport.transfer` throws, TENSORFLOW_FAILED and OUT_OF_MEMORY.
   *
   * @param indices of the images of the whole batch
   */
  async run(indices: Int32Array, coefficients: Float32Array): Promise<StepOutcome> {
    const { shares, place } = this.#program;
    const start = shares.starts[place]!;
    this.#write(this.#order, indices);
    this.#write(this.#own, indices.subarray(start, start + shares.sizes[place]!));
    this.#write(this.#coefficients, coefficients);
    try {
      for (const { feeds, fetches, run, exchange } of this.#phases) {
        const fetched = run(feeds.map((tensor) => tensor()));
        fetches.forEach((node, index) => this.#fetched.set(node, fetched[index]!));
        await exchange(this.#fetched);
      }
      const [loss = '', correct = ''] = this.#program.results;
      return {
        loss: new Float32Array(this.#read(loss).buffer)[0]!,
        correct: new Int32Array(this.#read(correct).buffer)[0]!,
      };
    } finally {
      for (const tensor of this.#fetched.values()) this.#api.TF_DeleteTensor(tensor);
      this.#fetched.clear();
    }
  }

  dispose(): void {
    for (const sum of this.#sums) sum.dispose();
    for (const { pointer } of this.#buffers) this.#api.TF_DeleteTensor(pointer);
    this.#buffers.length = 0;
  }

  #prepare(session: Session): ReadyPhase[] {
    const { phases, feeds, results, updates } = this.#program;
    // What the exchange after a phase has made is fed to any later phase that needs it.
    const made: { name: string; tensor: Pointer }[] = [];
    const common = [
      { name: feeds.order, tensor: this.#order.pointer },
      { name: feeds.own, tensor: this.#own.pointer },
      { name: feeds.coefficients, tensor: this.#coefficients.pointer },
    ];
    return phases.map(({ carried, sums, rows }, index) => {
      const isLast = index === phases.length - 1;
      const kept = phases.flatMap((later) => later.carried).filter(({ from }) => from === index);
      const wanted = [...(sums ? [sums.fetch] : []), ...rows.map(({ fetch }) => fetch)];
      const fetches = [
        ...new Set([...wanted, ...kept.map(({ fetch }) => fetch), ...(isLast ? results : [])]),
      ];
      const fixed = [...common, ...made];
      const names = [...fixed.map(({ name }) => name), ...carried.map(({ feed }) => feed)];
      const tensors = [
        ...fixed.map(
          ({ tensor }) =>
            () =>
              tensor,
        ),
        ...carried.map(
          ({ fetch }) =>
            () =>
              this.#fetched.get(fetch)!,
        ),
      ];
      const run = session.prepare(names, fetches, isLast ? [updates] : []);
      const exchange = this.#exchange(sums, rows, made);
      return { feeds: tensors, fetches, run, exchange };
    });
  }

  /** The sums and rows of a phase travel together: each wait for the others costs a step more than the bytes. */
  #exchange(
    sums: ShareProgram['phases'][number]['sums'],
    rows: readonly RowExchange[],
    made: { name: string; tensor: Pointer }[],
  ): ReadyPhase['exchange'] {
    const sum = sums && this.#sumOf(sums, made);
    const messagesOf = rows.map((exchange) => this.#rowMessages(exchange, made));
    return async (fetched) => {
      const messages = messagesOf.map((each) => each(fetched));
      const sends = messages.flatMap((each) => each.sends);
      const receives = messages.flatMap((each) => each.receives);
      await (sum ? sum(fetched, { sends, receives }) : this.#group.transport.transfer(sends, receives));
    };
  }

  #sumOf(
    { fetch, feed, floats }: NonNullable<ShareProgram['phases'][number]['sums']>,
    made: { name: string; tensor: Pointer }[],
  ): (fetched: ReadonlyMap<string, Pointer>, along: Messages) => Promise<void> {
    const result = this.#buffer(DataType.FLOAT, [floats]);
    made.push({ name: feed, tensor: result.pointer });
    const sum = new OrderedSum(this.#group.transport, this.#group.memory, floats);
    this.#sums.push(sum);
    return (fetched, along) => sum.run(this.#api.TF_TensorData(fetched.get(fetch)!), result.data, along);
  }

  /** Puts this worker's rows among those of all; the messages bring the others'. */
  #rowMessages(
    { fetch, feed, type, shape, bytesPerImage }: RowExchange,
    made: { name: string; tensor: Pointer }[],
  ): (fetched: ReadonlyMap<string, Pointer>) => Messages {
    const whole = this.#buffer(type, shape);
    made.push({ name: feed, tensor: whole.pointer });
    const { sizes, starts } = this.#program.shares;
    const { rank, size, memory } = this.#group;
    const rowsOf = (peer: number): Transfer => ({
      peer,
      address: whole.data + BigInt(starts[peer]! * bytesPerImage),
      bytes: sizes[peer]! * bytesPerImage,
    });
    const others = othersThan(rank, size);
    const own = rowsOf(rank);
    const receives = others.map(rowsOf);
    return (fetched) => {
      const address = this.#api.TF_TensorData(fetched.get(fetch)!);
      memory.memcpy(own.address, address, own.bytes);
      return { sends: others.map((peer) => ({ peer, address, bytes: own.bytes })), receives };
    };
  }

  #buffer(type: number, shape: readonly number[]): Buffer {
    const buffer = emptyTensor(this.#api, { type, shape }, 'a buffer');
    this.#buffers.push(buffer);
    return buffer;
  }

  #write({ data, bytes }: Buffer, values: Int32Array | Float32Array): void {
    if (bytes > 0) this.#api.memcpy(data, values, bytes);
  }

  #read(node: string): Uint8Array {
    const bytes = new Uint8Array(4);
    this.#api.memcpy(bytes, this.#api.TF_TensorData(this.#fetched.get(node)!), 4);
    return bytes;
  }
}
