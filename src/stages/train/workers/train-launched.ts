import { setTimeout as pause } from 'node:timers/promises';

import { ToolkitError } from '../../../core/errors.js';
import { isInterruption } from '../../../core/interruption.js';
import type { LaunchedPlace } from '../../../engine/mpi/launched.js';
import { trainShare } from '../train.js';
import type { TrainContext, TrainResult } from '../train-result.js';
import type { TrainResolution } from '../train-options.js';
import { joinLaunched, withJob } from './join-workers.js';

/** How long a worker waits before it says what is wrong: the first one, which mostly says the same, ends the job before. */
const SAME_ERROR_MS = 1000;

/**
 * Trains a run as one of the workers that a launcher (`mpiexec`, `srun`) has started. The first has the result; the others have none, and
 * say nothing, not even that they were interrupted. Throws the errors of `trainShare` and `joinLaunched`, and USAGE for options of a launcher of ours.
 */
export async function trainLaunched(
  place: LaunchedPlace,
  resolution: TrainResolution,
  context: TrainContext,
): Promise<{ result?: TrainResult | undefined; failure?: ToolkitError }> {
  const { workers, restarts, elastic, mpi } = resolution.values;
  try {
    if (workers > 1 || restarts > 0 || elastic !== undefined) {
      const range = elastic === undefined ? `--restarts ${restarts}` : `--elastic ${elastic}`;
      const option = workers > 1 ? `--workers ${workers}` : range;
      const message = `${option}: a launcher has already started ${place.size} workers`;
      throw new ToolkitError('USAGE', { message, hint: `leave out ${option}` });
    }
    const job = await joinLaunched(place, mpi, process.env);
    return { result: await withJob(job, context, (group) => trainShare(resolution, context, group)) };
  } catch (error) {
    if (place.rank === 0) throw error;
    if (isInterruption(error)) return { failure: error };
    await pause(SAME_ERROR_MS);
    throw error;
  }
}
