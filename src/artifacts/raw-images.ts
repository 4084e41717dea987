import { join } from 'node:path';

import { openArtifact, sha256OfContent } from '../core/encryption/artifact-file.js';
import { readError, corruptError } from '../core/files.js';
import { pixelsPerImage, type ImageShape } from '../core/images.js';
import { MAX_HEADER_BYTES, parseIdxHeader } from './idx.js';
import type { RawData } from './raw.js';

/** The images of a raw file that is read in pieces. */
export interface RawImages {
  readonly count: number;
  readonly shape: ImageShape;
  /** Reads the pixels of consecutive images. Throws DATA_UNREADABLE. */
  read(first: number, count: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens the image file of a split, of any size, after checking its hash and header.
 * Throws DATA_UNREADABLE or DATA_CORRUPT.
 */
export async function openRawImages(
  { folder, manifest }: RawData,
  split: 'train' | 'test',
  signal: AbortSignal,
): Promise<RawImages> {
  const { name, bytes, sha256 } = manifest.files[`${split}-images`];
  const path = join(folder, name);
  try {
    if ((await sha256OfContent(path, signal)) !== sha256) {
      throw corruptError(path, 'its SHA-256 differs from the manifest');
    }
    const file = await openArtifact(path);
    const start = await file.read(0, MAX_HEADER_BYTES);
    const { dimensions, headerBytes, fileBytes } = parseIdxHeader(start, 'images', path);
    if (fileBytes !== bytes) {
      await file.close();
      throw corruptError(path, 'its length does not match its header');
    }
    const [count = 0, height = 0, width = 0, channels = 1] = dimensions;
    const shape = { height, width, channels };
    const size = pixelsPerImage(shape);
    return {
      count,
      shape,
      async read(first, wanted) {
        const pixels = await file.read(headerBytes + first * size, wanted * size);
        if (pixels.length !== wanted * size) throw readError(new Error('it ends too early'), path);
        return pixels;
      },
      close: () => file.close(),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw readError(error, path);
  }
}
