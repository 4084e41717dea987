import type { OutputInfo, Sharp, SharpConstructor } from 'sharp';

import { messageOf } from '../../../core/errors.js';
import { RejectionError } from '../../rejection.js';
import { decodeBmp } from './bmp.js';
import { MAX_SCANS, readImageHeader, type ImageHeader } from './image-header.js';

/** A picture whose header was read and found affordable; its pixels are decoded when they are asked for. */
export interface OpenPicture {
  image: Sharp;
  header: ImageHeader;
}

/**
 * Opens a picture file, upright as its camera says: PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF, of an animation the first image. Every
 * reader of pictures opens them here, so that what one of them reads, all of them read. Throws RejectionError, which says why.
 *
 * @param maxPixels a picture whose header claims more is refused before it is decoded
 */
export async function openPicture(file: Buffer, maxPixels: number): Promise<OpenPicture> {
  const header = readImageHeader(file);
  const { width, height, scans, bmp } = header;
  refuseLarge(header, maxPixels);
  if (scans > MAX_SCANS) throw new RejectionError(`${scans} scans, where an image may have ${MAX_SCANS}`);
  const sharp = await loadSharp();
  if (bmp) {
    const { data } = decodeBmp(file, bmp);
    return { image: sharp(data, { raw: { width, height, channels: 3 } }), header };
  }
  const image = sharp(file, { limitInputPixels: maxPixels, failOn: 'error', sequentialRead: true });
  // Cameras store a photo as the sensor lay, and beside it how to turn it.
  return { image: image.autoOrient(), header };
}

/**
 * Decodes a picture that has been opened, in the colours of a screen, shrunk so that no side is longer than asked. Throws RejectionError.
 */
export function shrunkPixels(image: Sharp, longestSide: number): Promise<{ data: Buffer; info: OutputInfo }> {
  return image
    .resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(undecodable);
}

/** Rejects a picture of too many pixels. */
export function refuseLarge({ width, height }: { width: number; height: number }, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw new RejectionError(`${width}×${height}, more than ${maxPixels} pixels`);
}

/** Rejects a picture that the decoder gave up on. */
export function undecodable(error: unknown): never {
  throw new RejectionError(`cannot be decoded (${firstLine(messageOf(error))})`, { cause: error });
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').trim();
}

let loaded: Promise<SharpConstructor> | undefined;

/** The decoder, loaded when the first image needs it: no command that only prints text waits for it. */
export async function loadSharp(): Promise<SharpConstructor> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    // Every image is seen once, and small; images are decoded side by side rather than in strips.
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  });
  return loaded;
}
