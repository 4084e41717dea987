/** A worker of `mnist train --workers`, which the launcher starts as a process: its file is never imported. */
import { asToolkitError, ToolkitError } from '../../../core/errors.js';
import type { StageContext } from '../../../core/events.js';
import type { Interruption } from '../../../core/interruption.js';
import { joinMpi } from '../../../engine/mpi/join.js';
import { resolveTrainOptions } from '../train-options.js';
import { trainShare } from '../train.js';
import { withJob } from './join-workers.js';
import type { FromWorker, ToWorker } from './messages.js';
import { recordOfError } from './together.js';

/** How long a worker goes on when the launcher is gone, in milliseconds: to reach the next step, and write a checkpoint. */
const ORPHAN_MS = 20_000;

const HINT = 'run the same command again';
const controller = new AbortController();

function stop(code: Interruption): void {
  controller.abort(new ToolkitError(code, { hint: HINT }));
}

process.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') stop(message.code);
  else
    void run(message).then((code) => {
      process.exitCode = code;
      // Nothing else keeps the process alive.
      if (process.connected) process.disconnect();
    });
});
process.on('disconnect', () => {
  stop('INTERRUPTED');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), ORPHAN_MS).unref();
});
process.on('SIGINT', () => {
  stop('INTERRUPTED');
});
process.on('SIGTERM', () => {
  stop('TERMINATED');
});

/** Returns the exit code. */
async function run({ options, library, workers }: Extract<ToWorker, { kind: 'start' }>): Promise<number> {
  try {
    const context: StageContext = {
      emit: (event) => void tell({ kind: 'event', event }),
      signal: controller.signal,
    };
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

/** Resolves when it is on its way; a launcher that is gone hears nothing. */
async function tell(message: FromWorker): Promise<void> {
  await new Promise<void>((resolve) => {
    if (!process.connected) resolve();
    else
      process.send!(message, () => {
        resolve();
      });
  });
}
