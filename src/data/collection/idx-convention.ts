import { rename, rm } from 'node:fs/promises';

import { MAX_HEADER_BYTES, parseIdxHeader, type IdxContent } from '../../artifacts/idx.js';
import { openArtifact } from '../../core/encryption/artifact-file.js';
import { createArtifact } from '../../core/encryption/artifact-writer.js';
import { storageError, corruptError } from '../../core/files.js';

/** How a published set differs from MNIST's conventions. */
export interface Convention {
  isTransposed: boolean;
  firstLabel: number;
}

const CHUNK_IMAGES = 1024;

/**
 * Converts an IDX file to MNIST's conventions: transposes images, and renumbers labels from 0. Throws DATA_CORRUPT for a
 * label below the first one, DATA_UNREADABLE, STORAGE_FULL or STORAGE_DENIED.
 */
export async function applyMnistConvention(
  path: string,
  content: IdxContent,
  convention: Convention,
): Promise<void> {
  const { isTransposed, firstLabel } = convention;
  if (content === 'images' ? !isTransposed : firstLabel === 0) return;
  const converted = `${path}.converted`;
  try {
    await convert(path, converted, content, convention);
    await rename(converted, path);
  } catch (error) {
    await rm(converted, { force: true }).catch(() => undefined);
    throw storageError(error, path);
  }
}

/** Into a new file: an encrypted one cannot be changed in place. */
async function convert(
  path: string,
  converted: string,
  content: IdxContent,
  { firstLabel }: Convention,
): Promise<void> {
  const file = await openArtifact(path);
  try {
    const writer = await createArtifact(converted);
    try {
      const { dimensions, headerBytes, fileBytes } = parseIdxHeader(
        await file.read(0, MAX_HEADER_BYTES),
        content,
        path,
      );
      const [, height = 1, width = 1] = dimensions;
      const chunkBytes = CHUNK_IMAGES * height * width;
      await writer.write(await file.read(0, headerBytes));
      for (let at = headerBytes; at < fileBytes; at += chunkBytes) {
        const part = await file.read(at, chunkBytes);
        await writer.write(
          content === 'images' ? transpose(part, height, width) : shift(part, firstLabel, path),
        );
      }
      await writer.finish();
    } finally {
      await writer.close();
    }
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
