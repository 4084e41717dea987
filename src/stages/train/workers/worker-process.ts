/** A worker of `mnist train --workers`, which the launcher starts as a process: its file is never imported. */
import { asToolkitError } from '../../../core/errors.js';
import type { StageContext } from '../../../core/events.js';
import { joinMpi } from '../../../engine/mpi/join.js';
import { resolveTrainOptions } from '../train-options.js';
import { trainShare } from '../train.js';
import { withJob } from './join-workers.js';
import { leaveLauncher, listenToLauncher, tellLauncher } from './launcher.js';
import type { FromWorker, StartMessage, ToWorker } from './messages.js';
import { recordOfError } from './together.js';

const signal = listenToLauncher<ToWorker>((message) => void run(message).then(leaveLauncher));

/** Returns the exit code. */
async function run({ options, library, workers }: StartMessage): Promise<number> {
  try {
    const context: StageContext = { emit: (event) => void tell({ kind: 'event', event }), signal };
    const resolution = await resolveTrainOptions(options);
    const job = await joinMpi(library, workers);
    await tell({ kind: 'memory', files: job.sharedFiles });
    const result = await withJob(job, context, (group) => trainShare(resolution, context, group));
    if (result) await tell({ kind: 'result', result });
    return 0;
  } catch (thrown) {
    const error = asToolkitError(thrown);
    await tell({ kind: 'error', error: recordOfError(error) });
    return error.exitCode;
  }
}

async function tell(message: FromWorker): Promise<void> {
  await tellLauncher(message);
}
