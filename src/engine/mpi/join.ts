import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { ToolkitError } from '../../core/errors.js';
import { packageFolder } from '../../core/package-folder.js';
import { withoutSignals } from '../../tensorflow/c-api/signals.js';
import { nativeMemory } from '../distributed/native-memory.js';
import { WorkerGroup } from '../distributed/worker-group.js';
import { SharedAt, type HeartbeatTask } from './heartbeat.js';
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
}

/**
 * Joins the job that this process was started in, and waits for all its workers. Throws MPI_UNUSABLE, MPI_FAILED, and MPI_MISSING where the
 * library does not find the job of the launcher.
 *
 * @param size the number of workers that the launcher has announced
 */
export async function joinMpi(path: string, size: number): Promise<MpiJob> {
  const mpi = loadMpi(path);
  const isThreaded = start(mpi);
  const place = placeIn(mpi);
  if (place.size !== size) {
    throw new ToolkitError('MPI_MISSING', {
      reason: `${path} found ${place.size} workers where the launcher started ${size}: it is not the launcher's MPI`,
      hint: 'name the library of the launcher with --mpi or MNIST_MPI',
    });
  }
  const shared = new SharedArrayBuffer(8);
  const state = new Int32Array(shared);
  const names: string[] = [];
  const describe = (rank: number): string => names[rank] ?? `worker ${rank}`;
  const transport = new MpiTransport(mpi, duplicate(mpi), place, state, describe);
  const group = new WorkerGroup(transport, nativeMemory());
  const communicator = duplicate(mpi);
  names.push(...(await group.share(`worker ${place.rank} (process ${process.pid} on ${hostname()})`)));
  const task: HeartbeatTask = { library: path, communicator, ...place, shared };
  const thread = isThreaded && place.size > 1 ? await startThread(task) : undefined;
  return {
    group,
    isWatched: thread !== undefined,
    sharedFiles: sharedFiles(),
    async leave() {
      await group.share(null);
      if (thread) await endThread(thread, state);
      checkMpi(mpi, 'MPI_Finalize', mpi.functions.MPI_Finalize());
    },
  };
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

async function startThread(task: HeartbeatTask): Promise<Worker> {
  const thread = new Worker(HEARTBEAT, { workerData: task });
  await new Promise((resolve, reject) => {
    thread.once('online', resolve);
    thread.once('error', reject);
  });
  thread.unref();
  return thread;
}

async function endThread(thread: Worker, state: Int32Array): Promise<void> {
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  thread.ref();
  Atomics.store(state, SharedAt.LEAVING, 1);
  Atomics.notify(state, SharedAt.LEAVING);
  await ended;
}
