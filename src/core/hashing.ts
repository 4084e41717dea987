import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** The SHA-256 of bytes, in hexadecimal. */
export function sha256(...parts: (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Takes a few milliseconds to hash. */
const PIECE_BYTES = 4 * 2 ** 20;

/** The SHA-256 of bytes, in hexadecimal; yields to the event loop between pieces. */
export async function sha256InTurns(...parts: Uint8Array[]): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) {
    for (let start = 0; start < part.length; start += PIECE_BYTES) {
      hash.update(part.subarray(start, start + PIECE_BYTES));
      await nextTurn();
    }
  }
  return hash.digest('hex');
}

/** The SHA-256 of a file, in hexadecimal, read in pieces. Throws system errors, and the signal's reason when aborted. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  return sha256OfFiles([path], signal);
}

/** The SHA-256 of files one after another, as `cat FILE… | sha256sum` computes it. */
export async function sha256OfFiles(paths: readonly string[], signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
    }
  }
  return hash.digest('hex');
}
