import { rm } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { errorFromRecord, type ToolkitError } from '../../../core/errors.js';
import type { EpochEvent } from '../../../core/events.js';
import { packageFolder } from '../../../core/package-folder.js';
import { PmiServer } from '../../../engine/mpi/pmi-server.js';
import { watchForStopped } from '../../../engine/mpi/stopped.js';
import type { TrainContext, TrainResult } from '../train-result.js';
import { Child, STOPPED, withoutOtherLaunchers } from './child.js';
import type { AnswerMessage, FromWorker, StartMessage } from './messages.js';

/** The compiled program of a worker. */
const WORKER = fileURLToPath(new URL('dist/stages/train/workers/worker-process.js', packageFolder));

/** Where a worker's pipe to the launcher is: after its standard streams. */
const PMI_FD = 3;
/** How long the first worker's error is waited for when another one has failed, in milliseconds. */
const SAME_ERROR_MS = 500;

/** What the workers of a job are started with. */
export interface JobTask {
  workers: number;
  library: string;
  options: Readonly<Record<string, unknown>>;
}

/** What is known of a worker process. */
interface Started {
  readonly child: Child<StartMessage | AnswerMessage>;
  error: ToolkitError | undefined;
}

/**
 * Starts worker processes on this machine, without a program of MPI and without a network, and resolves with the first one's result when all
 * have ended. When one fails, all end. Throws its error, WORKER_LOST, or what `onEpoch` throws.
 */
export async function runWorkerJob(
  task: JobTask,
  { emit, signal, onEpoch }: TrainContext,
): Promise<TrainResult> {
  signal.throwIfAborted();
  const server = new PmiServer(task.workers);
  const shared = new Set<string>();
  let result: TrainResult | undefined;
  let failure: ToolkitError | undefined;
  let thrown: { error: unknown } | undefined;
  const answer = async (child: Started['child'], epoch: EpochEvent): Promise<void> => {
    try {
      child.tell({ kind: 'answer', stop: (await onEpoch?.(epoch)) === 'stop' });
    } catch (error) {
      thrown = { error };
      endAll();
    }
  };
  const fail = (error: ToolkitError): void => {
    if (failure) return;
    failure = error;
    setTimeout(endAll, error.code === 'WORKER_LOST' ? 0 : SAME_ERROR_MS).unref();
  };
  const workers = Array.from({ length: task.workers }, (_, rank): Started => {
    const child = startWorker(rank, task.workers);
    const worker: Started = { child, error: undefined };
    server.serve(child.process.stdio[PMI_FD] as Duplex, () => {
      child.kill();
    });
    child.process.on('message', (message: FromWorker) => {
      if (message.kind === 'event') emit(message.event);
      else if (message.kind === 'epoch') void answer(child, message.epoch);
      else if (message.kind === 'memory') for (const file of message.files) shared.add(file);
      else if (message.kind === 'result') result = message.result;
      else worker.error = errorFromRecord(message.error);
    });
    const { library, options, workers: count } = task;
    child.tell({ kind: 'start', options, library, workers: count, asksAfterEpoch: onEpoch !== undefined });
    return worker;
  });
  function endAll(): void {
    for (const { child } of workers) child.kill();
  }
  const processes = workers.map(({ child }) => child.process);
  const endWatch = watchForStopped(processes, (rank) => {
    workers[rank]!.child.giveUp(STOPPED);
  });
  const stop = (): void => {
    for (const { child } of workers) child.stop(signal);
  };
  signal.addEventListener('abort', stop, { once: true });
  const isOver = workers.map(async (worker) => {
    const end = await worker.child.end;
    if (end !== 0) fail(worker.error ?? worker.child.lost(end));
  });
  try {
    await Promise.all(isOver);
  } finally {
    endWatch();
    signal.removeEventListener('abort', stop);
    endAll();
    for (const file of shared) await rm(file, { force: true });
  }
  if (thrown) throw thrown.error;
  // The first worker's error says most, unless another process was killed.
  if (failure) throw failure.code === 'WORKER_LOST' ? failure : (workers[0]!.error ?? failure);
  if (!result) throw new Error('the first worker ended without a result');
  return result;
}

function startWorker(rank: number, size: number): Started['child'] {
  const environment = {
    ...withoutOtherLaunchers(process.env),
    ...{ PMI_FD: String(PMI_FD), PMI_RANK: String(rank), PMI_SIZE: String(size) },
    // Shared memory alone: with other transports, MPI would listen on the network.
    ...{ MPIR_CVAR_CH4_NETMOD: 'ucx', UCX_TLS: 'self,sm', UCX_WARN_UNUSED_ENV_VARS: 'n' },
  };
  return new Child(WORKER, `worker ${rank}`, environment, 1);
}
