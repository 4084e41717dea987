import { ToolkitError } from '../../core/errors.js';
import { RejectionError } from '../rejection.js';
import { bufferOf } from './importing/image-header.js';
import { openPicture, shrunkPixels, undecodable } from './importing/open-picture.js';
import type { Picture } from './picture.js';

/** A longer side than this is shrunk while it is decoded: there is nothing to see in it for a model of small images. */
const MAX_SIDE = 512;
/** A file may claim any size; what unpacks to more than this is refused before it is unpacked. */
const MAX_PIXELS = 120_000_000;

/**
 * Decodes a picture (PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF; of an animation the first image), turned upright as its camera
 * says, in the colours of a screen, its longer side at most 512 pixels. Throws PICTURE_UNREADABLE, naming the picture.
 *
 * @param name how messages call the picture
 * @param maxPixels a picture whose header claims more is refused before it is decoded
 */
export async function decodePicture(
  bytes: Uint8Array,
  name: string,
  maxPixels: number = MAX_PIXELS,
): Promise<Picture> {
  try {
    const { image } = await openPicture(bufferOf(bytes), maxPixels);
    const { data, info } = await shrunkPixels(image.ensureAlpha(), MAX_SIDE);
    if (info.channels !== 4) return undecodable(new Error(`${info.channels} channels after decoding`));
    return { width: info.width, height: info.height, rgba: new Uint8Array(data) };
  } catch (error) {
    throw asUnreadable(error, name);
  }
}

/** The error for a picture that was rejected; any other stays as it is. */
export function asUnreadable(error: unknown, path: string): unknown {
  if (!(error instanceof RejectionError)) return error;
  return new ToolkitError('PICTURE_UNREADABLE', { path, reason: error.message }, { cause: error });
}
