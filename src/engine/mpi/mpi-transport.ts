import { ToolkitError } from '../../core/errors.js';
import { withoutDenormals } from '../../tensorflow/denormals.js';
import type { Transfer, Transport } from '../distributed/transport.js';
import { SharedAt } from './heartbeat.js';
import { checkMpi, STATUS_BYTES, type MpiLibrary } from './library.js';
import { Patience } from './patience.js';
import { requestBytes } from './requests.js';

const TAG = 0;
/** MPI counts bytes with an int. */
const MOST_BYTES = 2 ** 31 - 1;

/** Transfers by MPI, point to point. It never blocks in MPI: a worker that is lost, or a signal, is noticed while it waits. */
export class MpiTransport implements Transport {
  readonly rank: number;
  readonly size: number;
  readonly #mpi: MpiLibrary;
  readonly #communicator: bigint;
  /** What the heartbeat's thread says; see `SharedAt`. */
  readonly #state: Int32Array;
  readonly #describe: (rank: number) => string;
  readonly #patience = new Patience();
  readonly #flag = new Int32Array(1);
  /** The requests and statuses of so many messages. */
  readonly #areas = new Map<number, { requests: Uint8Array; each: Uint8Array[]; statuses: Uint8Array }>();

  /** @param describe a worker's rank, host and process, for messages */
  constructor(
    mpi: MpiLibrary,
    communicator: bigint,
    place: { rank: number; size: number },
    state: Int32Array,
    describe: (rank: number) => string,
  ) {
    this.#mpi = mpi;
    this.#communicator = communicator;
    this.rank = place.rank;
    this.size = place.size;
    this.#state = state;
    this.#describe = describe;
  }

  async transfer(sends: readonly Transfer[], receives: readonly Transfer[]): Promise<void> {
    const count = sends.length + receives.length;
    if (count === 0) return;
    const { requests, each, statuses } = this.#area(count);
    receives.forEach((message, index) => {
      this.#start('MPI_Irecv', message, each[index]!);
    });
    sends.forEach((message, index) => {
      this.#start('MPI_Isend', message, each[receives.length + index]!);
    });
    const isOver = (): boolean => {
      this.#flag[0] = 0;
      const code = this.#mpi.functions.MPI_Testall(count, requests, this.#flag, statuses);
      checkMpi(this.#mpi, 'a transfer between workers', code);
      return this.#flag[0] !== 0;
    };
    await this.#patience.until(isOver, () => {
      this.#checkOthers();
    });
  }

  add(source: bigint, target: bigint, floats: number): void {
    const { functions, handles } = this.#mpi;
    // As TensorFlow adds.
    const code = withoutDenormals(() =>
      functions.MPI_Reduce_local(source, target, floats, handles.float, handles.sum),
    );
    checkMpi(this.#mpi, 'a sum', code);
  }

  #checkOthers(): void {
    const lost = Atomics.load(this.#state, SharedAt.LOST);
    if (lost <= 0) return;
    const reason = 'it does not answer any more: it was stopped, cut off or killed';
    throw new ToolkitError('WORKER_LOST', { worker: this.#describe(lost - 1), reason });
  }

  #start(action: 'MPI_Isend' | 'MPI_Irecv', { peer, address, bytes }: Transfer, request: Uint8Array): void {
    if (bytes > MOST_BYTES) {
      const reason = `${bytes} bytes are more than a message can have`;
      throw new ToolkitError('MPI_FAILED', { operation: 'a transfer between workers', reason });
    }
    const { functions, handles } = this.#mpi;
    const code = functions[action](address, bytes, handles.byte, peer, TAG, this.#communicator, request);
    checkMpi(this.#mpi, 'a transfer between workers', code);
  }

  #area(count: number): { requests: Uint8Array; each: Uint8Array[]; statuses: Uint8Array } {
    let area = this.#areas.get(count);
    if (!area) {
      const bytes = requestBytes(this.#mpi.abi);
      const requests = new Uint8Array(count * bytes);
      const each = Array.from({ length: count }, (_, index) => requests.subarray(index * bytes));
      area = { requests, each, statuses: new Uint8Array(count * STATUS_BYTES) };
      this.#areas.set(count, area);
    }
    return area;
  }
}
