import { ToolkitError } from '../../../core/errors.js';
import type { StageContext } from '../../../core/events.js';
import { isInterruption } from '../../../core/interruption.js';
import { joinMpi, type MpiJob } from '../../../engine/mpi/join.js';
import { jobName } from '../../../engine/mpi/join-limit.js';
import type { LaunchedPlace } from '../../../engine/mpi/launched.js';
import { findMpi, MPICH_NAMES, OPEN_MPI_NAMES } from '../../../engine/mpi/locate.js';
import type { WorkerGroup } from '../../../engine/distributed/worker-group.js';
import { cacheFolder } from '../../../tensorflow/runtime/locate.js';

/** The job of this process: MPI can be joined once. */
let joined: Promise<MpiJob> | undefined;

/**
 * Joins the other workers that a launcher has started before it is known what they train. Returns when that has been tried; what is wrong,
 * `joinLaunched` throws later.
 */
export async function beginJoining(
  place: LaunchedPlace,
  named: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  await joinLaunched(place, named, environment).catch(() => undefined);
}

/**
 * Joins the other workers that a launcher has started, such as `mpiexec`; once for the process. Throws MPI_MISSING, MPI_UNUSABLE and MPI_FAILED.
 *
 * @param named the MPI library of an option
 */
export async function joinLaunched(
  place: LaunchedPlace,
  named: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<MpiJob> {
  return (joined ??= join(place, named, environment));
}

async function join(
  { size, family }: LaunchedPlace,
  named: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<MpiJob> {
  const names = family === 'Open MPI' ? OPEN_MPI_NAMES : MPICH_NAMES;
  const found = await findMpi({ named, environment, names });
  if (found) {
    const record = { folder: cacheFolder(environment), job: jobName(size, environment) };
    return endingWithProcess(await joinMpi(found.library, size, record));
  }
  throw new ToolkitError('MPI_MISSING', {
    reason: `a launcher started ${size} workers, and no library for it was found (${names.join(', ')})`,
    hint: 'name it with --mpi or MNIST_MPI; "mnist runtime install --mpi" installs one for mpiexec of MPICH',
  });
}

/** A launcher ends the others when a rank aborts; where one only ends with an exit code, Hydra waits for those that are stopped. */
function endingWithProcess(job: MpiJob): MpiJob {
  process.once('exit', (code) => {
    if (code !== 0) job.abort(code);
  });
  return job;
}

/**
 * Does a worker's part, and leaves the job with all others: at the end, or when they have agreed to stop. Where it fails otherwise, the process
 * ends, and with it the job.
 */
export async function withJob<Result>(
  job: MpiJob,
  { emit }: StageContext,
  action: (group: WorkerGroup) => Promise<Result>,
): Promise<Result> {
  if (!job.isWatched && job.group.isFirst) {
    const message = 'this MPI does not support threads: a worker that is stopped is not noticed';
    emit({ event: 'notice', message });
  }
  try {
    const result = await action(job.group);
    await job.leave();
    return result;
  } catch (error) {
    if (job.group.signal.aborted && isInterruption(error)) await job.leave();
    throw error;
  }
}
