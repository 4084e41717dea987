import { availableParallelism } from 'node:os';

import { RunFolder } from '../../../artifacts/run.js';
import { currentKeyring } from '../../../core/encryption/session.js';
import { DEFAULT_ORIGIN } from '../../../core/config/resolve.js';
import { isToolkitError, ToolkitError } from '../../../core/errors.js';
import { exists } from '../../../core/files.js';
import type { Emit } from '../../../core/events.js';
import { findMpi, MPICH_NAMES } from '../../../engine/mpi/locate.js';
import type { TrainContext, TrainResult } from '../train-result.js';
import { pluginsOf, type TrainResolution } from '../train-options.js';
import { requireSupportedOptions } from './supported.js';
import { firstSize, nextSize, type JobSize } from './elastic.js';
import { workerFields } from './worker-options.js';
import { runWorkerJob } from './worker-job.js';

/**
 * Trains a run with several processes on this machine: starts them, passes their events on, and where one is lost, starts them again from the
 * last checkpoint, with fewer or as many, as often as the options allow. Throws the errors of `trainShare`, and MPI_MISSING.
 */
export async function launchWorkers(
  resolution: TrainResolution,
  context: TrainContext,
): Promise<TrainResult> {
  const { values } = resolution;
  let size = firstSize(values, availableParallelism());
  requireSupportedOptions(values, size.workers);
  requireNoEncryption();
  const { library } = await requireMpi(values.mpi);
  let run: RunFolder | undefined;
  const emit: Emit = (event) => {
    if (event.event === 'run') run = new RunFolder(event.folder);
    context.emit(event);
  };
  let place: RunPlace = {};
  for (;;) {
    const { workers } = size;
    const options = { ...givenOptions(resolution), ...place };
    try {
      return await runWorkerJob({ workers, library, options }, { ...context, emit });
    } catch (error) {
      const next = nextSize(size);
      if (!isLoss(error, size) || !next || context.signal.aborted) throw error;
      size = next;
      place = run ? await placeOf(run) : place;
      const goesOn = (place.resume ?? values.resume) !== undefined;
      const start = goesOn ? 'goes on from its last checkpoint' : 'begins again';
      const hint = `it ${start} with ${next.workers} of ${workers} workers; restarts left: ${next.restarts}`;
      context.emit({ event: 'warning', code: error.code, message: error.message, hint });
    }
  }
}

/** The options that say which run is trained. */
interface RunPlace {
  run?: string;
  resume?: string;
}

/** How a run goes on whose workers are gone: from its checkpoint, or, where it has none yet, from its beginning. */
async function placeOf(run: RunFolder): Promise<RunPlace> {
  return (await exists(run.last)) ? { resume: run.path } : { run: run.name };
}

/** Whether a job could go on after an error: a worker is lost, or the memory was too small for so many. */
function isLoss(error: unknown, { workers, least }: JobSize): error is ToolkitError {
  if (!isToolkitError(error)) return false;
  return error.code === 'WORKER_LOST' || (error.code === 'OUT_OF_MEMORY' && workers > least);
}

function requireNoEncryption(): void {
  if (!currentKeyring().encrypts) return;
  throw new ToolkitError('WORKERS_UNSUPPORTED', {
    what: 'with encrypted files',
    hint: 'start the workers with mpiexec: then each has the keys of its own command line',
  });
}

/** The installed one first: others may wait for the launcher of their cluster. */
async function requireMpi(named: string | undefined): Promise<{ library: string }> {
  const found = await findMpi({
    named,
    environment: process.env,
    names: MPICH_NAMES,
    prefersInstalled: true,
  });
  if (found) return found;
  throw new ToolkitError('MPI_MISSING', {
    reason: '--workers needs MPICH, or a library with its interface',
    hint: 'run "mnist runtime install --mpi"; with Open MPI, use "mpirun -n N mnist train"',
  });
}

/** The options of a run or a search as its workers get them: those that were given, and plug-ins by their files. */
export function givenOptions({
  values,
  flat,
  origins,
}: Pick<TrainResolution, 'flat' | 'origins'> & {
  values: Parameters<typeof pluginsOf>[0] & Pick<TrainResolution['values'], 'plugin'>;
}): Record<string, unknown> {
  const given = Object.entries(flat).filter(
    ([key, value]) => value !== undefined && !(key in workerFields) && origins.get(key) !== DEFAULT_ORIGIN,
  );
  const modules = pluginsOf(values).map(({ module }) => module);
  const plugin = [...new Set([...values.plugin, ...modules])];
  return { ...Object.fromEntries(given), ...(plugin.length > 0 && { plugin }) };
}
