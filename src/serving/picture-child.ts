// Runs in a process of its own (picture-process.ts): what a decoder takes or breaks is lost with the process, not with the server.
import { setPriority } from 'node:os';

import type { CheckpointDescription } from '../artifacts/checkpoint.js';
import { isToolkitError, messageOf } from '../core/errors.js';
import { imageOf } from '../data/imaging/foreign-picture.js';
import { loadSharp } from '../data/imaging/importing/open-picture.js';
import type { Preparation } from '../data/imaging/preparation-for.js';
import type { PreparedPicture } from '../data/imaging/prepare.js';

/** A picture to be decoded and prepared. */
export interface PictureTask {
  bytes: Uint8Array;
  description: Pick<CheckpointDescription, 'shape' | 'data'>;
  preparation: Preparation;
  /** A picture with more is refused before it is decoded. */
  maxPixels: number;
}

/** What the process sends: that it is ready, that it needs too much memory and ends, or what became of its task. */
export type PictureReply =
  | { kind: 'ready' }
  | { kind: 'memory' }
  | { kind: 'prepared'; picture: PreparedPicture }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string };

/** A picture of 16 million pixels, 16-bit with transparency and interlaced, needs 128 MB, twice if it is turned. */
const MAX_RESIDENT_BYTES = 448 * 2 ** 20;
const MEMORY_CHECK_MS = 20;

/** Serves tasks until the server goes away. */
async function main(): Promise<void> {
  // Inference goes first.
  setPriority(10);
  // Ctrl-C and service managers signal the whole group; the server may still be answering, and ends this process itself.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('disconnect', endNow);
  await loadSharp();
  process.on('message', (task: PictureTask) => void answer(task));
  // The decoders have threads of their own, so this runs beside them.
  setInterval(() => {
    if (process.memoryUsage.rss() > MAX_RESIDENT_BYTES) reply({ kind: 'memory' }, endNow);
  }, MEMORY_CHECK_MS).unref();
  reply({ kind: 'ready' });
}

async function answer({ bytes, description, preparation, maxPixels }: PictureTask): Promise<void> {
  try {
    const picture = await imageOf(bytes, 'the body', description, preparation, maxPixels);
    reply({ kind: 'prepared', picture });
  } catch (error) {
    const isRefusal = isToolkitError(error) && error.code === 'PICTURE_UNREADABLE';
    reply({ kind: isRefusal ? 'refused' : 'failed', reason: messageOf(error) });
  }
}

function reply(message: PictureReply, sent: () => void = () => undefined): void {
  process.send?.(message, sent);
}

/** An orderly exit would wait for the decoder's threads. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

await main();
