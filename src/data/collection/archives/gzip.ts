import { open } from 'node:fs/promises';

import { readError } from '../../../core/files.js';

/** Whether a file is gzipped, by its first bytes (RFC 1952). Throws DATA_UNREADABLE. */
export async function isGzipped(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(error, path);
  }
}
