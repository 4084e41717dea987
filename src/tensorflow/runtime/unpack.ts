import { createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { openPromise, type Entry } from 'yauzl';

import { storageError } from '../../core/files.js';

/**
 * Unpacks the matching members of a zip archive into a folder, under their paths in the archive, and flushes them to disk. yauzl
 * rejects path traversal and members larger than declared. Throws STORAGE_FULL, STORAGE_DENIED, yauzl's error or the signal's reason.
 *
 * @param onProgress called with the number of bytes just written
 */
export async function unpackMembers(
  archive: string,
  members: RegExp,
  folder: string,
  onProgress: (written: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const zip = await openPromise(archive, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      if (members.test(entry.fileName) && !entry.fileName.endsWith('/')) {
        await unpackEntry(await zip.openReadStreamPromise(entry), entry, folder, onProgress, signal);
      }
    }
  } finally {
    zip.close();
  }
}

async function unpackEntry(
  source: NodeJS.ReadableStream,
  entry: Entry,
  folder: string,
  onProgress: (written: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const path = join(folder, entry.fileName);
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onProgress(chunk.length);
      done(null, chunk);
    },
  });
  // The upper 16 bits are the Unix file mode. What its owner may run, all may: in its wheel, ptxas is executable for the owner alone.
  const isProgram = ((entry.externalFileAttributes >>> 16) & 0o100) !== 0;
  const mode = isProgram ? 0o755 : 0o644;
  try {
    await mkdir(dirname(path), { recursive: true });
    await pipeline(source, count, createWriteStream(path, { mode, highWaterMark: 1 << 20 }), { signal });
    const file = await open(path, 'r');
    await file.sync().finally(() => file.close());
  } catch (error) {
    signal.throwIfAborted();
    throw storageError(error, path);
  }
}
