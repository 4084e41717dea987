import { spawn, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { errorFromRecord, ToolkitError } from '../../../core/errors.js';
import type { Emit } from '../../../core/events.js';
import { isInterruption } from '../../../core/interruption.js';
import { packageFolder } from '../../../core/package-folder.js';
import { PmiServer } from '../../../engine/mpi/pmi-server.js';
import type { TrainResult } from '../train-result.js';
import type { FromWorker, ToWorker } from './messages.js';

/** The compiled program of a worker. */
const WORKER = fileURLToPath(new URL('dist/stages/train/workers/worker-process.js', packageFolder));

/** Where a worker's pipe to the launcher is: after its standard streams. */
const PMI_FD = 3;
/** How long the first worker's error is waited for when another one has failed, in milliseconds. */
const SAME_ERROR_MS = 500;
/** How long workers may take to stop when they are asked to. */
const STOP_MS = 60_000;
/** How much of what a worker writes to stderr is kept. */
const MOST_CHARACTERS = 4000;

/** What the workers of a job are started with. */
export interface JobTask {
  workers: number;
  library: string;
  options: Readonly<Record<string, unknown>>;
}

/** What is known of a worker process. */
interface Started {
  readonly child: ChildProcess;
  error: ToolkitError | undefined;
  output: string;
}

/**
 * Starts worker processes on this machine, without a program of MPI and without a network, and resolves with the first one's result when all
 * have ended. When one fails, all end. Throws its error, or WORKER_LOST.
 */
export async function runWorkerJob(task: JobTask, emit: Emit, signal: AbortSignal): Promise<TrainResult> {
  signal.throwIfAborted();
  const server = new PmiServer(task.workers);
  const shared = new Set<string>();
  let result: TrainResult | undefined;
  let failure: ToolkitError | undefined;
  const fail = (error: ToolkitError): void => {
    if (failure) return;
    failure = error;
    setTimeout(endAll, error.code === 'WORKER_LOST' ? 0 : SAME_ERROR_MS).unref();
  };
  const workers = Array.from({ length: task.workers }, (_, rank): Started => {
    const child = startWorker(rank, task.workers);
    const worker: Started = { child, error: undefined, output: '' };
    server.serve(child.stdio[PMI_FD] as Duplex, () => child.kill('SIGKILL'));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      worker.output = (worker.output + text).slice(-MOST_CHARACTERS);
    });
    child.on('message', (message: FromWorker) => {
      if (message.kind === 'event') emit(message.event);
      else if (message.kind === 'memory') for (const file of message.files) shared.add(file);
      else if (message.kind === 'result') result = message.result;
      else worker.error = errorFromRecord(message.error);
    });
    const { library, options, workers: count } = task;
    tell(child, { kind: 'start', options, library, workers: count });
    return worker;
  });
  function endAll(): void {
    for (const { child } of workers) child.kill('SIGKILL');
  }
  const stop = (): void => {
    const { reason } = signal as { reason: unknown };
    const code = isInterruption(reason) ? reason.code : 'INTERRUPTED';
    for (const { child } of workers) tell(child, { kind: 'stop', code });
    setTimeout(endAll, STOP_MS).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  const isOver = workers.map(async (worker, rank) => {
    const end = await endOf(worker.child);
    if (end !== 0) fail(worker.error ?? lost(rank, worker, end));
  });
  try {
    await Promise.all(isOver);
  } finally {
    signal.removeEventListener('abort', stop);
    endAll();
    for (const file of shared) await rm(file, { force: true });
  }
  // The first worker's error says most, unless another process was killed.
  if (failure) throw failure.code === 'WORKER_LOST' ? failure : (workers[0]!.error ?? failure);
  if (!result) throw new Error('the first worker ended without a result');
  return result;
}

function startWorker(rank: number, size: number): ChildProcess {
  return spawn(process.execPath, [WORKER], {
    // Ctrl-C in the terminal reaches the launcher alone, which tells its workers.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: {
      ...withoutOtherLaunchers(process.env),
      ...{ PMI_FD: String(PMI_FD), PMI_RANK: String(rank), PMI_SIZE: String(size) },
      // Shared memory alone: with other transports, MPI would listen on the network.
      ...{ MPIR_CVAR_CH4_NETMOD: 'ucx', UCX_TLS: 'self,sm', UCX_WARN_UNUSED_ENV_VARS: 'n' },
    },
  });
}

/** The variables of a launcher that this process itself was started by. */
function withoutOtherLaunchers(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(PMI|PMIX|PALS|OMPI|HYDRA|MPI)_/.test(name)),
  );
}

function tell(child: ChildProcess, message: ToWorker): void {
  // One that is gone is noticed by its end.
  if (child.connected) child.send(message, () => undefined);
}

/** The exit code of a process, or the signal that ended it. */
async function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(code ?? signal ?? 'an unknown reason');
    });
  });
}

function lost(rank: number, { child, output }: Started, end: number | string): ToolkitError {
  const last = output.trim().split('\n').at(-1);
  const said = last === undefined || last === '' ? '' : `; it last said: ${last}`;
  const how =
    typeof end === 'number' ? `its process ended with code ${end}` : `its process was ended by ${end}`;
  const worker = `worker ${rank} (process ${child.pid ?? 'not started'})`;
  return new ToolkitError('WORKER_LOST', { worker, reason: `${how}${said}` });
}
