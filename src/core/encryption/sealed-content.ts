import { ToolkitError } from '../errors.js';
import { headerLength, MAX_HEADER_BYTES } from './age-header.js';
import type { ByteSource } from './byte-source.js';
import {
  CHUNK_BYTES,
  chunksOf,
  contentBytesOf,
  NONCE_BYTES,
  openChunk,
  payloadKey,
  SEALED_CHUNK_BYTES,
} from './payload.js';

/** Finds the key of a file in its header. Throws ENCRYPTION_LOCKED and ENCRYPTION_DAMAGED, which name the path. */
export type Unlock = (header: Buffer, path: string) => Promise<Uint8Array>;

/** How many chunks are read at a time. */
const TOGETHER = 16;

/** Encrypted bytes, and where their chunks lie. */
interface Payload {
  source: ByteSource;
  path: string;
  key: Buffer;
  /** Where the first chunk begins. */
  start: number;
  contentBytes: number;
}

/**
 * Opens the content of an age file, to read any part of it. The last chunk, which holds the end mark, is verified first: a file that was cut
 * or has bytes appended is refused before a byte of it is used. Every other chunk is verified before it is returned.
 *
 * Throws ENCRYPTION_LOCKED, ENCRYPTION_DAMAGED and system errors.
 */
export async function openSealed(source: ByteSource, path: string, unlock: Unlock): Promise<ByteSource> {
  const start = await source.read(0, MAX_HEADER_BYTES + NONCE_BYTES);
  const length = headerLength(start);
  if (length === undefined || length + NONCE_BYTES > start.length) {
    throw damaged(path, start.length < source.size ? 'its header is too long' : 'it ends within its header');
  }
  const fileKey = await unlock(start.subarray(0, length), path);
  const payloadStart = length + NONCE_BYTES;
  const contentBytes = contentBytesOf(source.size - payloadStart);
  if (contentBytes === undefined) throw damaged(path, 'no encrypted file has this length: it was cut');
  const key = payloadKey(fileKey, start.subarray(length, payloadStart));
  const payload: Payload = { source, path, key, start: payloadStart, contentBytes };
  await readChunks(payload, chunksOf(contentBytes) - 1, 1);
  return { size: contentBytes, read: (position, wanted) => readContent(payload, position, wanted) };
}

async function readContent(payload: Payload, position: number, wanted: number): Promise<Buffer> {
  const end = Math.min(position + wanted, payload.contentBytes);
  const content = Buffer.allocUnsafeSlow(Math.max(0, end - position));
  const afterLast = Math.ceil(end / CHUNK_BYTES);
  for (let first = Math.floor(position / CHUNK_BYTES); first < afterLast; first += TOGETHER) {
    const chunks = await readChunks(payload, first, Math.min(TOGETHER, afterLast - first));
    for (const [index, chunk] of chunks.entries()) {
      const at = (first + index) * CHUNK_BYTES - position;
      content.set(chunk.subarray(Math.max(0, -at), Math.max(0, end - position - at)), Math.max(0, at));
    }
  }
  return content;
}

async function readChunks(payload: Payload, first: number, count: number): Promise<Buffer[]> {
  const { source, path, key, start, contentBytes } = payload;
  const sealed = await source.read(start + first * SEALED_CHUNK_BYTES, count * SEALED_CHUNK_BYTES);
  const last = chunksOf(contentBytes) - 1;
  return Array.from({ length: count }, (_, at) => {
    const index = first + at;
    const part = sealed.subarray(at * SEALED_CHUNK_BYTES, (at + 1) * SEALED_CHUNK_BYTES);
    try {
      return openChunk(key, { index, isLast: index === last }, part);
    } catch (error) {
      const place = index === last ? 'its end' : `its part from byte ${index * CHUNK_BYTES}`;
      throw damaged(path, `${place} is not what was written`, error);
    }
  });
}

/** The error for an encrypted file that is not as it was written. */
export function damaged(path: string, reason: string, cause?: unknown): ToolkitError {
  return new ToolkitError('ENCRYPTION_DAMAGED', { path, reason }, { cause });
}
