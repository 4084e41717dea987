import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { ToolkitError } from '../../core/errors.js';
import { packageFolder } from '../../core/package-folder.js';
import { withoutSignals } from '../../tensorflow/c-api/signals.js';
import { nativeMemory } from '../distributed/native-memory.js';
import { WorkerGroup } from '../distributed/worker-group.js';
import { SharedAt, sharedState, Stage, type HeartbeatStart, type HeartbeatTask } from './heartbeat.js';
import { joinLimit, keepJoinTime, MOST_JOIN_MS, type JoinRecord } from './join-limit.js';
import { checkMpi, loadMpi, type MpiLibrary } from './library.js';
import { MpiTransport } from './mpi-transport.js';
import { handleIn, requestBytes } from './requests.js';

/** The compiled thread, for Node.js 22 loads no TypeScript. */
const HEARTBEAT = fileURLToPath(new URL('dist/engine/mpi/heartbeat-thread.js', packageFolder));

/** A worker of an MPI job. */
export interface MpiJob {
  readonly group: WorkerGroup;
  /** Whether a worker that is stopped or cut off is noticed; not by libraries without support for threads. */
  readonly isWatched: boolean;
  /** The files of the memory that the workers of this machine share; MPI removes them when all leave. */
  readonly sharedFiles: readonly string[];
  /** Leaves the job, together with all others. */
  leave(): Promise<void>;
  /** Ends this process and the job, with an exit code, unless it has left: the launcher ends the others, also one that is stopped. */
  abort(code: number): void;
}

/**
 * Joins the job that this process was started in, and waits for all its workers. Throws MPI_UNUSABLE, MPI_FAILED, and MPI_MISSING where the
 * library does not find the job of the launcher.
 *
 * @param size the number of workers that the launcher has announced
 * @param joinRecord how long earlier starts took; left out where the launcher watches its workers
 */
export async function joinMpi(path: string, size: number, joinRecord?: JoinRecord): Promise<MpiJob> {
  const state = sharedState();
  // From here on, MPI may wait for ever for a worker that does not come.
  const arrived = performance.now();
  const thread = await startThread({
    ...{ library: path, shared: state.buffer, size, joinRecord },
    joinMs: joinRecord ? joinLimit(joinRecord) : MOST_JOIN_MS,
    isLauncherWatching: joinRecord === undefined,
  });
  const mpi = loadedMpi(path, state);
  const names: string[] = [];
  const describe = (rank: number): string => names[rank] ?? `worker ${rank}`;
  const { place, isThreaded } = startIn(mpi, size, state);
  const transport = new MpiTransport(mpi, duplicate(mpi), place, state, describe);
  const group = new WorkerGroup(transport, nativeMemory());
  const isWatched = isThreaded && place.size > 1;
  if (isWatched) {
    thread.postMessage({ communicator: duplicate(mpi), ...place } satisfies HeartbeatTask);
    enter(state, Stage.WORKING);
  } else {
    enter(state, Stage.OVER);
  }
  let hasLeft = false;
  const name = `worker ${place.rank} (process ${process.pid} on ${hostname()})`;
  const all = await group.share({ name, waited: performance.now() - arrived });
  names.push(...all.map((each) => each.name));
  if (joinRecord) keepJoinTime(joinRecord, Math.max(...all.map(({ waited }) => waited)));
  return {
    group,
    isWatched,
    sharedFiles: sharedFiles(),
    async leave() {
      await group.share(null);
      if (isWatched) await sayGoodbye(thread, state);
      hasLeft = true;
      checkMpi(mpi, 'MPI_Finalize', mpi.functions.MPI_Finalize());
      enter(state, Stage.OVER);
    },
    abort(code) {
      if (!hasLeft) mpi.functions.MPI_Abort(mpi.handles.world, code);
    },
  };
}

/** Loads the library. Where that fails, nobody waits any more. */
function loadedMpi(path: string, state: Int32Array): MpiLibrary {
  try {
    return loadMpi(path);
  } catch (error) {
    enter(state, Stage.OVER);
    throw error;
  }
}

/** Waits for all workers. Where that fails, nobody waits any more. */
function startIn(
  mpi: MpiLibrary,
  size: number,
  state: Int32Array,
): { place: { rank: number; size: number }; isThreaded: boolean } {
  try {
    const isThreaded = start(mpi);
    const place = placeIn(mpi);
    if (place.size === size) return { place, isThreaded };
    throw new ToolkitError('MPI_MISSING', {
      reason: `${mpi.path} found ${place.size} workers where the launcher started ${size}: it is not the launcher's MPI`,
      hint: 'name the library of the launcher with --mpi or MNIST_MPI',
    });
  } catch (error) {
    enter(state, Stage.OVER);
    throw error;
  }
}

function sharedFiles(): string[] {
  if (process.platform !== 'linux') return [];
  const found = readFileSync('/proc/self/maps', 'utf8').matchAll(/ (\/dev\/shm\/mpich_shm_\S+)$/gm);
  return [...new Set([...found].map(([, file]) => file!))];
}

/** Returns whether several threads may call the library. */
function start(mpi: MpiLibrary): boolean {
  const { functions, abi, handles } = mpi;
  const provided = new Int32Array(1);
  const code = withoutSignals(() => functions.MPI_Init_thread(null, null, abi.threadMultiple, provided));
  checkMpi(mpi, 'MPI_Init_thread', code);
  functions.MPI_Comm_set_errhandler(handles.world, handles.errorsReturn);
  return provided[0]! >= abi.threadMultiple;
}

function placeIn(mpi: MpiLibrary): { rank: number; size: number } {
  const [rank, size] = [new Int32Array(1), new Int32Array(1)];
  const { functions, handles } = mpi;
  checkMpi(mpi, 'MPI_Comm_rank', functions.MPI_Comm_rank(handles.world, rank));
  checkMpi(mpi, 'MPI_Comm_size', functions.MPI_Comm_size(handles.world, size));
  return { rank: rank[0]!, size: size[0]! };
}

/** Messages of two communicators do not get in each other's way. */
function duplicate(mpi: MpiLibrary): bigint {
  const { functions, handles, abi } = mpi;
  const memory = new Uint8Array(requestBytes(abi));
  checkMpi(mpi, 'MPI_Comm_dup', functions.MPI_Comm_dup(handles.world, memory));
  const communicator = handleIn(memory, abi);
  functions.MPI_Comm_set_errhandler(communicator, handles.errorsReturn);
  return communicator;
}

async function startThread(given: HeartbeatStart): Promise<Worker> {
  const thread = new Worker(HEARTBEAT, { workerData: given });
  await new Promise((resolve, reject) => {
    thread.once('online', resolve);
    thread.once('error', reject);
  });
  thread.unref();
  return thread;
}

/** Waits until all workers have said goodbye; the thread goes on to watch how long MPI takes to end. */
async function sayGoodbye(thread: Worker, state: Int32Array): Promise<void> {
  const said = new Promise((resolve) => thread.once('message', resolve));
  thread.ref();
  enter(state, Stage.LEAVING);
  await said;
  thread.unref();
  enter(state, Stage.FINALIZING);
}

/** Tells the thread what the main thread does. */
function enter(state: Int32Array, stage: number): void {
  Atomics.store(state, SharedAt.STAGE, stage);
  Atomics.notify(state, SharedAt.STAGE);
}
