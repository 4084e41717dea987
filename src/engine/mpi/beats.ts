import type { NativeMemory } from '../distributed/transport.js';
import { koffi } from '../../tensorflow/c-api/ffi.js';
import { nativeMemory } from '../distributed/native-memory.js';
import { Beat, BEAT_MS, peersOf, SharedAt, Silence, Stage, type HeartbeatTask } from './heartbeat.js';
import { STATUS_BYTES, type MpiLibrary } from './library.js';
import { requestBytes } from './requests.js';

const TAG = 1;

/** A message on its way: one number in native memory. */
class Message {
  readonly #mpi: MpiLibrary;
  readonly #request: Uint8Array;
  readonly #address: bigint;
  readonly #value: Int32Array;
  readonly #flag = new Int32Array(1);
  readonly #status = new Uint8Array(STATUS_BYTES);
  #isUnderWay = false;

  constructor(mpi: MpiLibrary, memory: NativeMemory) {
    this.#mpi = mpi;
    this.#request = new Uint8Array(requestBytes(mpi.abi));
    this.#address = memory.malloc(4);
    this.#value = new Int32Array(koffi.view(this.#address, 4));
  }

  get value(): number {
    return this.#value[0]!;
  }

  start(action: 'MPI_Isend' | 'MPI_Irecv', peer: number, communicator: bigint, value = 0): void {
    this.#value[0] = value;
    const { functions, handles } = this.#mpi;
    functions[action](this.#address, 4, handles.byte, peer, TAG, communicator, this.#request);
    this.#isUnderWay = true;
  }

  /** Whether nothing is under way: it has arrived, or was never started. */
  isDone(): boolean {
    if (!this.#isUnderWay) return true;
    this.#flag[0] = 0;
    this.#mpi.functions.MPI_Testall(1, this.#request, this.#flag, this.#status);
    if (this.#flag[0] !== 0) this.#isUnderWay = false;
    return !this.#isUnderWay;
  }
}

/** The signs of life that a worker exchanges with its peers, until all have said goodbye or one is lost. */
export class Beats {
  readonly #communicator: bigint;
  readonly #state: Int32Array;
  readonly #peers: readonly number[];
  readonly #incoming: ReadonlyMap<number, Message>;
  readonly #outgoing: ReadonlyMap<number, Message>;
  readonly #silence: Silence;
  /** Those who have been told that this worker leaves. */
  readonly #told = new Set<number>();
  readonly #lastBeats = new Map<number, number>();

  /** @param state what this thread and the main thread share */
  constructor(mpi: MpiLibrary, { communicator, rank, size }: HeartbeatTask, state: Int32Array) {
    const memory = nativeMemory();
    this.#communicator = communicator;
    this.#state = state;
    this.#peers = peersOf(rank, size);
    this.#incoming = new Map(this.#peers.map((peer) => [peer, new Message(mpi, memory)]));
    this.#outgoing = new Map(this.#peers.map((peer) => [peer, new Message(mpi, memory)]));
    this.#silence = new Silence(this.#peers, performance.now());
  }

  /** Exchanges them. Returns the rank of a worker that is lost; undefined once all have said goodbye. */
  run(): number | undefined {
    for (const [peer, message] of this.#incoming) message.start('MPI_Irecv', peer, this.#communicator);
    while (!this.#isFinished()) {
      this.#beat();
      this.#listen();
      const lost = this.#silence.lost(performance.now());
      if (lost !== undefined) return lost;
      const stage = Atomics.load(this.#state, SharedAt.STAGE);
      Atomics.wait(this.#state, SharedAt.STAGE, stage, BEAT_MS / 5);
    }
    return undefined;
  }

  /** Sends a beat to each peer, once its last one is on its way. */
  #beat(): void {
    const isLeaving = Atomics.load(this.#state, SharedAt.STAGE) === Stage.LEAVING;
    for (const [peer, message] of this.#outgoing) {
      if (!message.isDone() || this.#told.has(peer)) continue;
      if (isLeaving) this.#told.add(peer);
      else if (!this.#isTimeFor(peer)) continue;
      message.start('MPI_Isend', peer, this.#communicator, isLeaving ? Beat.GOODBYE : Beat.ALIVE);
    }
  }

  #isTimeFor(peer: number): boolean {
    const now = performance.now();
    if (now - (this.#lastBeats.get(peer) ?? -Infinity) < BEAT_MS) return false;
    this.#lastBeats.set(peer, now);
    return true;
  }

  #listen(): void {
    for (const [peer, message] of this.#incoming) {
      if (!message.isDone()) continue;
      if (message.value === Beat.GOODBYE) this.#silence.left(peer);
      else if (message.value === Beat.ALIVE) {
        this.#silence.heard(peer, performance.now());
        message.start('MPI_Irecv', peer, this.#communicator);
      }
    }
  }

  #isFinished(): boolean {
    const isSaid = this.#told.size === this.#peers.length && this.#silence.isOver;
    return isSaid && [...this.#outgoing.values()].every((each) => each.isDone());
  }
}
