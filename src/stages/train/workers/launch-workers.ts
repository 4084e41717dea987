import { currentKeyring } from '../../../core/encryption/session.js';
import { DEFAULT_ORIGIN } from '../../../core/config/resolve.js';
import { isToolkitError, ToolkitError } from '../../../core/errors.js';
import type { Emit } from '../../../core/events.js';
import { findMpi, MPICH_NAMES } from '../../../engine/mpi/locate.js';
import type { TrainContext, TrainResult } from '../train-result.js';
import { pluginsOf, type TrainResolution } from '../train-options.js';
import { requireSupportedOptions } from './supported.js';
import { workerFields } from './worker-options.js';
import { runWorkerJob } from './worker-job.js';

/**
 * Trains a run with several processes on this machine: starts them, passes their events on, and where one is lost, starts all again from the
 * last checkpoint, as often as the options allow. Throws the errors of `trainShare`, and MPI_MISSING.
 */
export async function launchWorkers(
  resolution: TrainResolution,
  context: TrainContext,
): Promise<TrainResult> {
  const { values } = resolution;
  const { workers, restarts } = values;
  requireSupportedOptions(values, workers);
  requireSupportedCall(context);
  const { library } = await requireMpi(values.mpi);
  let run = values.resume;
  const emit: Emit = (event) => {
    if (event.event === 'run') ({ run } = event);
    context.emit(event);
  };
  for (let restart = 1; ; restart++) {
    const options = { ...givenOptions(resolution), ...(run !== undefined && { resume: run }) };
    try {
      return await runWorkerJob({ workers, library, options }, emit, context.signal);
    } catch (error) {
      const isLost = isToolkitError(error) && error.code === 'WORKER_LOST';
      if (!isLost || restart > restarts || context.signal.aborted) throw error;
      const hint = run === undefined ? 'it begins again' : 'it goes on from its last checkpoint';
      const message = `${error.message}: restart ${restart} of ${restarts}`;
      context.emit({ event: 'warning', code: error.code, message, hint });
    }
  }
}

function requireSupportedCall({ onEpoch }: TrainContext): void {
  const what = onEpoch ? 'with onEpoch' : currentKeyring().encrypts ? 'with encrypted files' : undefined;
  if (what === undefined) return;
  const hint = onEpoch
    ? 'listen to the epoch events; earlyStopping ends a run'
    : 'start the workers with mpiexec: then each has the keys of its own command line';
  throw new ToolkitError('WORKERS_UNSUPPORTED', { what, hint });
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

/** The options of a run as its workers get them: those that were given, and plug-ins by their files. */
function givenOptions({ values, flat, origins }: TrainResolution): Record<string, unknown> {
  const given = Object.entries(flat).filter(
    ([key, value]) => value !== undefined && !(key in workerFields) && origins.get(key) !== DEFAULT_ORIGIN,
  );
  const modules = pluginsOf(values).map(({ module }) => module);
  const plugin = [...new Set([...values.plugin, ...modules])];
  return { ...Object.fromEntries(given), ...(plugin.length > 0 && { plugin }) };
}
