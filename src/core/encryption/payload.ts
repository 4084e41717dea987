import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

/** The payload of an age file is encrypted in chunks of so many bytes; each is authenticated with its place. */
export const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
/** The size of an encrypted chunk. */
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/** The random bytes between the header and the first chunk. */
export const NONCE_BYTES = 16;
const CIPHER = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES };

/** The key of a payload, from the key of the file and the bytes before the first chunk. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** The number of chunks of a content; an empty one has one too. */
export function chunksOf(contentBytes: number): number {
  return Math.max(1, Math.ceil(contentBytes / CHUNK_BYTES));
}

/** The size of the content of a payload; undefined for a size that no payload has. */
export function contentBytesOf(payloadBytes: number): number | undefined {
  const last = payloadBytes % SEALED_CHUNK_BYTES;
  const chunks = Math.ceil(payloadBytes / SEALED_CHUNK_BYTES);
  // Only the chunk of an empty content is empty.
  if (chunks === 0 || (last > 0 && last < TAG_BYTES) || (last === TAG_BYTES && chunks > 1)) return undefined;
  return payloadBytes - chunks * TAG_BYTES;
}

/** Encrypts a chunk into a part of a buffer. Returns the number of bytes written. */
export function sealChunk(
  key: Uint8Array,
  { index, isLast }: { index: number; isLast: boolean },
  content: Uint8Array,
  target: Uint8Array,
): number {
  const cipher = createCipheriv(CIPHER, key, ivOf(index, isLast), OPTIONS);
  target.set(cipher.update(content));
  cipher.final();
  target.set(cipher.getAuthTag(), content.length);
  return content.length + TAG_BYTES;
}

/** Decrypts a chunk. Throws if it was changed, or belongs to another place or file. */
export function openChunk(
  key: Uint8Array,
  { index, isLast }: { index: number; isLast: boolean },
  sealed: Uint8Array,
): Buffer {
  const decipher = createDecipheriv(CIPHER, key, ivOf(index, isLast), OPTIONS);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const content = decipher.update(sealed.subarray(0, -TAG_BYTES));
  decipher.final();
  return content;
}

/** Eleven bytes of the chunk's index, and whether it is the last. Six are enough for any file. */
function ivOf(index: number, isLast: boolean): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUIntBE(index, 5, 6);
  iv[11] = isLast ? 1 : 0;
  return iv;
}
