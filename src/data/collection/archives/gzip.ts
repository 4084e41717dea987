import { startOf } from '../source-bytes.js';

/** Whether a file is gzipped, by its first bytes (RFC 1952). Throws DATA_UNREADABLE. */
export async function isGzipped(path: string): Promise<boolean> {
  const [first, second] = await startOf(path, 2);
  return first === 0x1f && second === 0x8b;
}
