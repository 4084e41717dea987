import { open } from 'node:fs/promises';

import { MAX_HEADER_BYTES, parseIdxHeader, type IdxContent } from '../../artifacts/idx.js';
import { storageError, corruptError } from '../../core/files.js';

/** How a published set differs from MNIST's conventions. */
export interface Convention {
  isTransposed: boolean;
  firstLabel: number;
}

const CHUNK_IMAGES = 1024;

/**
 * Converts an IDX file in place to MNIST's conventions: transposes images, and renumbers labels from 0. Throws DATA_CORRUPT for a
 * label below the first one, DATA_UNREADABLE, STORAGE_FULL or STORAGE_DENIED.
 */
export async function applyMnistConvention(
  path: string,
  content: IdxContent,
  convention: Convention,
): Promise<void> {
  const { isTransposed, firstLabel } = convention;
  if (content === 'images' ? !isTransposed : firstLabel === 0) return;
  const file = await open(path, 'r+');
  try {
    const start = Buffer.alloc(MAX_HEADER_BYTES);
    await file.read(start, 0, start.length, 0);
    const { dimensions, headerBytes, fileBytes } = parseIdxHeader(start, content, path);
    const [, height = 1, width = 1] = dimensions;
    const chunk = Buffer.alloc(CHUNK_IMAGES * height * width);
    for (let at = headerBytes; at < fileBytes; at += chunk.length) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      const part = chunk.subarray(0, bytesRead);
      const turned = content === 'images' ? transpose(part, height, width) : shift(part, firstLabel, path);
      await file.write(turned, 0, turned.length, at);
    }
    await file.sync();
  } catch (error) {
    throw storageError(error, path);
  } finally {
    await file.close();
  }
}

function transpose(images: Uint8Array, height: number, width: number): Uint8Array {
  const turned = new Uint8Array(images.length);
  for (let image = 0; image < images.length; image += height * width) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        turned[image + row * width + column] = images[image + column * height + row]!;
      }
    }
  }
  return turned;
}

function shift(labels: Uint8Array, first: number, path: string): Uint8Array {
  return labels.map((label, index) => {
    if (label >= first) return label - first;
    const reason = `label ${label} at position ${index}, where the first is ${first}`;
    throw corruptError(path, reason);
  });
}
