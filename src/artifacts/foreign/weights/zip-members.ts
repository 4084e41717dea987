import type { Readable } from 'node:stream';

import { openPromise } from 'yauzl';

import { messageOf, ToolkitError } from '../../../core/errors.js';

/** The largest member that is read: larger than any model for small images. */
const MAX_BYTES = 2 ** 30;
/** Deflate cannot compress more than this. */
const MAX_RATIO = 1032;
const MAX_MEMBERS = 10_000;

/**
 * Reads some members of a zip archive into memory. Throws MODEL_UNREADABLE, also for a member that claims more than the archive can
 * hold, and the signal's reason when aborted.
 */
export async function readZipMembers(
  path: string,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const members = new Map<string, Buffer>();
  try {
    const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    try {
      let seen = 0;
      for await (const entry of zip.eachEntry()) {
        signal.throwIfAborted();
        if (++seen > MAX_MEMBERS) throw new Error(`it has more than ${MAX_MEMBERS} members`);
        const { fileName, uncompressedSize, compressedSize } = entry;
        if (!wanted.includes(fileName)) continue;
        if (members.has(fileName)) throw new Error(`it has two members ${fileName}`);
        if (uncompressedSize > Math.min(MAX_BYTES, MAX_RATIO * Math.max(1, compressedSize))) {
          throw new Error(`its member ${fileName} claims ${uncompressedSize} bytes`);
        }
        members.set(fileName, await contentOf(await zip.openReadStreamPromise(entry), signal));
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    const reason = `not a readable zip archive: ${messageOf(error)}`;
    throw new ToolkitError('MODEL_UNREADABLE', { path, reason }, { cause: error });
  }
  return members;
}

async function contentOf(stream: Readable, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    parts.push(part);
  }
  return Buffer.concat(parts);
}
