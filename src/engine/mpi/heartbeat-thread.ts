/** The thread of a worker's heartbeat: the main thread is often busy in TensorFlow, or waits for others. */
import { workerData } from 'node:worker_threads';

import { koffi } from '../../tensorflow/c-api/ffi.js';
import { nativeMemory } from '../distributed/native-memory.js';
import type { NativeMemory } from '../distributed/transport.js';
import { Beat, BEAT_MS, GRACE_MS, peersOf, SharedAt, Silence, type HeartbeatTask } from './heartbeat.js';
import { loadMpi, STATUS_BYTES, type MpiLibrary } from './library.js';
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

const { library, communicator, rank, size, shared } = workerData as HeartbeatTask;
const mpi = loadMpi(library);
const memory = nativeMemory();
const state = new Int32Array(shared);
const peers = peersOf(rank, size);
const incoming = new Map(peers.map((peer) => [peer, new Message(mpi, memory)]));
const outgoing = new Map(peers.map((peer) => [peer, new Message(mpi, memory)]));
const silence = new Silence(peers, performance.now());
/** Those who have been told that this worker leaves. */
const told = new Set<number>();
const lastBeats = new Map<number, number>();

for (const [peer, message] of incoming) message.start('MPI_Irecv', peer, communicator);
while (!isFinished()) {
  beat();
  listen();
  watch();
  Atomics.wait(state, SharedAt.LEAVING, state[SharedAt.LEAVING]!, BEAT_MS / 5);
}

/** Sends a beat to each peer, once its last one is on its way. */
function beat(): void {
  const isLeaving = Atomics.load(state, SharedAt.LEAVING) === 1;
  for (const [peer, message] of outgoing) {
    if (!message.isDone() || told.has(peer)) continue;
    if (isLeaving) told.add(peer);
    else if (!isTimeFor(peer)) continue;
    message.start('MPI_Isend', peer, communicator, isLeaving ? Beat.GOODBYE : Beat.ALIVE);
  }
}

function isTimeFor(peer: number): boolean {
  const now = performance.now();
  if (now - (lastBeats.get(peer) ?? -Infinity) < BEAT_MS) return false;
  lastBeats.set(peer, now);
  return true;
}

function listen(): void {
  for (const [peer, message] of incoming) {
    if (!message.isDone()) continue;
    if (message.value === Beat.GOODBYE) silence.left(peer);
    else if (message.value === Beat.ALIVE) {
      silence.heard(peer, performance.now());
      message.start('MPI_Irecv', peer, communicator);
    }
  }
}

function watch(): void {
  const peer = silence.lost(performance.now());
  if (peer === undefined) return;
  if (Atomics.compareExchange(state, SharedAt.LOST, 0, peer + 1) !== 0) return;
  // The main thread says so and ends; unless it is itself stuck.
  const end = performance.now() + GRACE_MS;
  while (performance.now() < end) Atomics.wait(state, SharedAt.LEAVING, 0, GRACE_MS);
  process.kill(process.pid, 'SIGKILL');
}

function isFinished(): boolean {
  return (
    told.size === peers.length && silence.isOver && [...outgoing.values()].every((each) => each.isDone())
  );
}
