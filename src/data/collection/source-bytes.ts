import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

import { readError } from '../../core/files.js';

/** The first bytes of a source's file, fewer where it is shorter. Throws DATA_UNREADABLE. */
export async function startOf(path: string, bytes: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(error, path);
  }
}

/** The bytes of a source's file from a position on, in chunks. Throws DATA_UNREADABLE. */
export async function* bytesFrom(path: string, start = 0): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { start })) yield chunk as Buffer;
  } catch (error) {
    throw readError(error, path);
  }
}
