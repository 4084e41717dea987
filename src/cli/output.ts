import { setImmediate as nextTurn } from 'node:timers/promises';

import { messageOf, systemCodeOf, ToolkitError } from '../core/errors.js';
import { isStorageFull } from '../core/files.js';

/** The streams that a command writes to. */
interface Output {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
}

/** Errors of a reader that has closed the pipe, as `head` does: the output ends, and nobody misses the rest. */
const CLOSED = new Set(['EPIPE', 'ERR_STREAM_DESTROYED']);

/**
 * Watches whether everything arrives that is written to the streams. What a full disk behind them does not take is lost, and the
 * command has failed.
 *
 * @returns waits until all is written, and gives OUTPUT_LOST where something was lost
 */
export function watchOutput({ stdout, stderr }: Output): () => Promise<ToolkitError | undefined> {
  const watched = [
    { stream: stdout, name: 'stdout' },
    { stream: stderr, name: 'stderr' },
  ].map(({ stream, name }) => {
    const errors: unknown[] = [];
    stream.on('error', (error: unknown) => errors.push(error));
    return { stream, name, errors };
  });
  return async () => {
    for (const { stream, errors } of watched) {
      const error = await new Promise<unknown>((resolve) => stream.write('', resolve));
      if (error) errors.push(error);
    }
    // An error event may follow the callback that has the same error.
    await nextTurn();
    for (const { name, errors } of watched) {
      const lost = errors.find((error) => !CLOSED.has(systemCodeOf(error) ?? ''));
      if (lost)
        return new ToolkitError('OUTPUT_LOST', { stream: name, reason: reasonOf(lost) }, { cause: lost });
    }
    return undefined;
  };
}

function reasonOf(error: unknown): string {
  return isStorageFull(error) ? 'no space left on the device' : (systemCodeOf(error) ?? messageOf(error));
}
