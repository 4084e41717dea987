/** A worker process's side of its pipe to the launcher. */
import { ToolkitError } from '../../../core/errors.js';
import type { Interruption } from '../../../core/interruption.js';
import type { StopMessage } from './messages.js';

/** How long a worker goes on when the launcher is gone, in milliseconds: to reach the next step, and write a checkpoint. */
const ORPHAN_MS = 20_000;

const HINT = 'run the same command again';

/**
 * Listens to the launcher of this process. Returns the signal of its wish to stop, of an interruption, or of its end.
 *
 * @param onMessage called with each message but the one to stop
 */
export function listenToLauncher<Message>(
  onMessage: (message: Exclude<Message, StopMessage>) => void,
): AbortSignal {
  const controller = new AbortController();
  const stop = (code: Interruption): void => {
    controller.abort(new ToolkitError(code, { hint: HINT }));
  };
  process.on('message', (message: StopMessage | Exclude<Message, StopMessage>) => {
    if (isStop(message)) stop(message.code);
    else onMessage(message);
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
  return controller.signal;
}

function isStop(message: unknown): message is StopMessage {
  return (message as { kind: string }).kind === 'stop';
}

/** Resolves when a message is on its way; a launcher that is gone hears nothing. */
export async function tellLauncher(message: unknown): Promise<void> {
  await new Promise<void>((resolve) => {
    if (!process.connected) resolve();
    else
      process.send!(message, () => {
        resolve();
      });
  });
}

/** Ends this process with an exit code, once nothing else keeps it alive. */
export function leaveLauncher(code: number): void {
  process.exitCode = code;
  if (process.connected) process.disconnect();
}
