import type { FileHandle } from 'node:fs/promises';

/** Bytes that can be read from any place. */
export interface ByteSource {
  readonly size: number;
  /** The bytes from a position on; fewer only at the end. */
  readonly read: (position: number, length: number) => Promise<Buffer>;
}

/** Bytes in memory. */
export function bytesAsSource(bytes: Buffer): ByteSource {
  return {
    size: bytes.length,
    read: (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
  };
}

/** The bytes of an open file. Reading throws system errors. */
export function fileAsSource(file: FileHandle, size: number): ByteSource {
  return {
    size,
    async read(position, length) {
      // Not from the pool of small buffers: tensors are views of it, which need an aligned start.
      const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, size - position)));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
  };
}
