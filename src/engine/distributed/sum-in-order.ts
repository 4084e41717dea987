import { othersThan, type Messages, type NativeMemory, type Transfer, type Transport } from './transport.js';

const FLOAT_BYTES = 4;
/** What a second round of messages costs, in floats that could be sent meanwhile. */
const ROUND_FLOATS = 16_384;
const NOTHING: Messages = { sends: [], receives: [] };

/** Whether vectors are sent whole: for short ones of few workers, a second round of messages costs more than the bytes that it saves. */
export function isSentWhole(floats: number, workers: number): boolean {
  const [whole, inParts] = [floats * (workers - 1), (2 * floats * (workers - 1)) / workers];
  return floats < workers || whole - inParts < ROUND_FLOATS;
}

/**
 * Sums vectors of all workers, element by element, in the order of their ranks: ((v₀ + v₁) + v₂) + …, which is how TensorFlow's `AddN` sums
 * the shards of one process. The order of `MPI_Allreduce` is the library's choice, so its sums are rounded otherwise.
 *
 * Two workers, and those with short vectors, send each other everything. Otherwise each worker sums a part of the vector and sends it to the others,
 * so that the bytes that a worker sends do not grow with their number (a reduce-scatter and an all-gather).
 */
export class OrderedSum {
  readonly #transport: Transport;
  readonly #memory: NativeMemory;
  readonly #floats: number;
  /** What the others send; allocated on first use. */
  #scratch: bigint | undefined;

  constructor(transport: Transport, memory: NativeMemory, floats: number) {
    this.#transport = transport;
    this.#memory = memory;
    this.#floats = floats;
  }

  /**
   * Sums the workers' vectors, of which `own` is this one's, into `result`. Throws what `Transport.transfer` throws.
   *
   * @param along messages that go with the first ones of the sum, so that workers wait for each other once
   */
  async run(own: bigint, result: bigint, along = NOTHING): Promise<void> {
    const { size } = this.#transport;
    if (size === 1) {
      this.#memory.memcpy(result, own, this.#floats * FLOAT_BYTES);
    } else if (size === 2) {
      await this.#sumOfTwo(own, result, along);
    } else if (isSentWhole(this.#floats, size)) {
      const all = { address: own, bytes: this.#floats * FLOAT_BYTES };
      const sends = othersThan(this.#transport.rank, size).map((peer) => ({ peer, ...all }));
      await this.#collect(own, result, 0, this.#floats, sends, along);
    } else {
      await this.#sumInParts(own, result, along);
    }
  }

  dispose(): void {
    if (this.#scratch !== undefined) this.#memory.free(this.#scratch);
    this.#scratch = undefined;
  }

  /** The sum of two does not depend on their order. */
  async #sumOfTwo(own: bigint, result: bigint, along: Messages): Promise<void> {
    const { rank } = this.#transport;
    const bytes = this.#floats * FLOAT_BYTES;
    const peer = 1 - rank;
    await this.#transport.transfer(
      [{ peer, address: own, bytes }, ...along.sends],
      [{ peer, address: result, bytes }, ...along.receives],
    );
    this.#transport.add(own, result, this.#floats);
  }

  async #sumInParts(own: bigint, result: bigint, along: Messages): Promise<void> {
    const { rank, size } = this.#transport;
    const starts = Array.from({ length: size + 1 }, (_, part) => Math.floor((this.#floats * part) / size));
    const part = (base: bigint, at: number): Omit<Transfer, 'peer'> => ({
      address: base + BigInt(starts[at]! * FLOAT_BYTES),
      bytes: (starts[at + 1]! - starts[at]!) * FLOAT_BYTES,
    });
    const others = othersThan(rank, size);
    const sends = others.map((peer) => ({ peer, ...part(own, peer) }));
    await this.#collect(own, result, starts[rank]!, starts[rank + 1]! - starts[rank]!, sends, along);
    await this.#transport.transfer(
      others.map((peer) => ({ peer, ...part(result, rank) })),
      others.map((peer) => ({ peer, ...part(result, peer) })),
    );
  }

  /**
   * Receives a range of the others' vectors and sums it in order.
   *
   * @param sends what this worker sends meanwhile: to each of the others its range, or the whole vector
   */
  async #collect(
    own: bigint,
    result: bigint,
    start: number,
    floats: number,
    sends: readonly Transfer[],
    along: Messages,
  ): Promise<void> {
    const { rank, size } = this.#transport;
    const bytes = floats * FLOAT_BYTES;
    const offset = BigInt(start * FLOAT_BYTES);
    const scratch = this.#scratchFor(bytes * size);
    const placeOf = (peer: number): bigint => (peer === rank ? own + offset : scratch + BigInt(bytes * peer));
    const receives = othersThan(rank, size).map((peer) => ({ peer, address: placeOf(peer), bytes }));
    await this.#transport.transfer([...sends, ...along.sends], [...receives, ...along.receives]);
    this.#memory.memcpy(result + offset, placeOf(0), bytes);
    for (let peer = 1; peer < size; peer++) this.#transport.add(placeOf(peer), result + offset, floats);
  }

  /** Every call of an instance needs the same size. */
  #scratchFor(bytes: number): bigint {
    return (this.#scratch ??= this.#memory.malloc(bytes));
  }
}
