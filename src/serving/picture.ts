import type { ImageShape } from '../engine/images.js';
import { HttpError } from './http-errors.js';
import type { ReadPicture } from './http/classify.js';

/** A file may claim any size; what unpacks to more than this is refused before it is unpacked. */
const MAX_PIXELS = 40_000_000;
/** Raster formats by their first bytes: sharp also reads SVG, which can point to other files. */
const SIGNATURES: readonly (readonly [offset: number, signature: string])[] = [
  [0, '\x89PNG\r\n\x1a\n'],
  [0, '\xff\xd8\xff'],
  [0, 'GIF8'],
  [8, 'WEBP'],
];

/** Decodes an image file and fits it into the model's shape. */
export const readPicture: ReadPicture = async (bytes, shape) => {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  if (!SIGNATURES.some(([offset, signature]) => text.startsWith(signature, offset))) {
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', 'the body is no PNG, JPEG, GIF or WebP image');
  }
  return { pixels: await decode(bytes, shape), notes: {} };
};

async function decode(bytes: Uint8Array, { height, width, channels }: ImageShape): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  try {
    const image = sharp(bytes, { limitInputPixels: MAX_PIXELS }).autoOrient().flatten();
    const coloured = channels === 1 ? image.greyscale() : image.toColourspace('srgb');
    const { data } = await coloured
      .resize({ width, height, fit: 'contain' })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return new Uint8Array(data);
  } catch {
    throw new HttpError('UNPROCESSABLE', 'the image cannot be decoded');
  }
}
