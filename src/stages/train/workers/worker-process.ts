/** A worker of `mnist train --workers`, which the launcher starts as a process: its file is never imported. */
import { asToolkitError } from '../../../core/errors.js';
import type { Emit, EpochEvent } from '../../../core/events.js';
import { joinMpi } from '../../../engine/mpi/join.js';
import { resolveTrainOptions } from '../train-options.js';
import type { TrainContext } from '../train-result.js';
import { trainShare } from '../train.js';
import { withJob } from './join-workers.js';
import { leaveLauncher, listenToLauncher, tellLauncher } from './launcher.js';
import type { FromWorker, StartMessage, ToWorker } from './messages.js';
import { recordOfError } from './together.js';

/** Takes the answer that is waited for. */
let takeAnswer: (stop: boolean) => void = () => undefined;

const signal = listenToLauncher<ToWorker>((message) => {
  if (message.kind === 'answer') takeAnswer(message.stop);
  else void run(message).then(leaveLauncher);
});

/** Returns the exit code. */
async function run({ options, library, workers, asksAfterEpoch }: StartMessage): Promise<number> {
  try {
    const emit: Emit = (event) => void tell({ kind: 'event', event });
    const context: TrainContext = { emit, signal, ...(asksAfterEpoch && { onEpoch: askAfterEpoch }) };
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

/** Asks the launcher; an interruption, and a launcher that is gone, are no answer. */
async function askAfterEpoch(epoch: EpochEvent): Promise<'stop' | undefined> {
  const answer = new Promise<boolean>((resolve) => {
    takeAnswer = resolve;
    signal.addEventListener('abort', () => {
      resolve(false);
    });
    if (signal.aborted) resolve(false);
  });
  await tell({ kind: 'epoch', epoch });
  return (await answer) ? 'stop' : undefined;
}

async function tell(message: FromWorker): Promise<void> {
  await tellLauncher(message);
}
