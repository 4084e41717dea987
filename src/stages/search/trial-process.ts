/** A worker of `mnist search --workers`, which the search starts as a process: its file is never imported. */
import { availableParallelism } from 'node:os';

import { SearchFolder } from '../../artifacts/search.js';
import { asToolkitError } from '../../core/errors.js';
import { silentContext, type ToolkitEvent } from '../../core/events.js';
import { openSession } from '../train/training-session.js';
import { leaveLauncher, listenToLauncher, tellLauncher } from '../train/workers/launcher.js';
import { recordOfError } from '../train/workers/together.js';
import { TrialRunner } from './run-trial.js';
import { resolveSearchOptions, searchSettings } from './search-options.js';
import type { FromTrialWorker, ToTrialWorker, TrialMessage, TrialTask } from './trial-messages.js';

let runner: Promise<TrialRunner> | undefined;

const signal = listenToLauncher<ToTrialWorker>((message) => {
  if (message.kind === 'start') runner = open(message.task);
  else if (message.kind === 'trial') void train(message);
  else leaveLauncher(0);
});

async function open({ options, folder, fixed, workers }: TrialTask): Promise<TrialRunner> {
  const { values } = await resolveSearchOptions(options);
  // The search itself has said what there is to say of data and backend.
  const defaultThreads = Math.max(1, Math.floor(availableParallelism() / workers));
  const session = await openSession(values, { ...silentContext(), signal }, { defaultThreads });
  const context = { emit, signal };
  const { maxEpochs } = searchSettings(values);
  return new TrialRunner(new SearchFolder(folder), fixed, values.dataDir, maxEpochs, session, context);
}

async function train({ trial, epochs }: TrialMessage): Promise<void> {
  try {
    await tell({ kind: 'outcome', outcome: await (await runner!).train(trial, epochs) });
  } catch (thrown) {
    const error = asToolkitError(thrown);
    await tell({ kind: 'error', error: recordOfError(error) });
    leaveLauncher(error.exitCode);
  }
}

/** The progress of several trials at a time would be mixed up. */
function emit(event: ToolkitEvent): void {
  if (event.event === 'warning') void tell({ kind: 'event', event });
}

async function tell(message: FromTrialWorker): Promise<void> {
  await tellLauncher(message);
}
