import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { messageOf, ToolkitError } from '../../../core/errors.js';
import { shortened } from '../../../core/format.js';
import { packageFolder } from '../../../core/package-folder.js';
import type { Hdf5File, Hdf5Reply } from './hdf5-worker.js';

export type { Hdf5File } from './hdf5-worker.js';

/** The compiled worker, for Node.js 20 loads no TypeScript. */
const WORKER = fileURLToPath(new URL('dist/artifacts/foreign/weights/hdf5-worker.js', packageFolder));
/** A model of 500 MB is read in a few seconds. */
const LIMIT_MS = 60_000;
/** The parser keeps numbers in lists, at 8 bytes each. */
const LIMIT_MEBIBYTES = 4096;

/**
 * Reads the arrays and the text attributes of an HDF5 file, in a thread that is ended if it takes too long or too much memory. Throws
 * MODEL_UNREADABLE, and the signal's reason when aborted.
 *
 * @param path what messages call the file
 */
export async function readHdf5(
  bytes: Uint8Array,
  path: string,
  signal: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<Hdf5File> {
  signal.throwIfAborted();
  const reply = await ask(bytes, signal, limitMs);
  signal.throwIfAborted();
  if ('file' in reply) return reply.file;
  throw new ToolkitError('MODEL_UNREADABLE', {
    path,
    reason: `not a readable HDF5 file: ${shortened(reply.reason, 300)}`,
  });
}

function ask(bytes: Uint8Array, signal: AbortSignal, limitMs: number): Promise<Hdf5Reply> {
  // A copy, which is moved to the thread.
  const copy = Uint8Array.from(bytes).buffer;
  const worker = new Worker(WORKER, {
    workerData: copy,
    transferList: [copy],
    resourceLimits: { maxOldGenerationSizeMb: LIMIT_MEBIBYTES },
    // The parser writes to the console.
    stdout: true,
    stderr: true,
  });
  return new Promise<Hdf5Reply>((resolve) => {
    const stop = (): void => {
      resolve({ reason: 'interrupted' });
    };
    const timer = setTimeout(() => {
      resolve({ reason: `it takes longer than ${limitMs / 1000} s to read` });
    }, limitMs);
    signal.addEventListener('abort', stop, { once: true });
    worker.once('message', resolve);
    worker.once('error', (error) => {
      resolve({ reason: messageOf(error) });
    });
    worker.once('exit', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve({ reason: 'the parser ended' });
    });
  }).finally(() => worker.terminate());
}
