import { isToolkitError } from '../core/errors.js';
import { decodePicture, formatOf, pictureFormats } from '../data/imaging/decode.js';
import { preparationFor } from '../data/imaging/preparation-for.js';
import type { ReadPicture } from './http/classify.js';
import type { PicturePool } from './picture-pool.js';
import { HttpError } from './http-errors.js';
import { imageOf } from '../data/imaging/foreign-picture.js';

/** Prepares image files for a model as `mnist predict` does, off the event loop. */
export function pictureReader(pool: PicturePool): ReadPicture {
  return (bytes, description) => readPicture(pool, bytes, description);
}

async function readPicture(
  pool: PicturePool,
  ...[bytes, { shape, data }]: Parameters<ReadPicture>
): ReturnType<ReadPicture> {
  if (formatOf(bytes) === undefined) {
    const known = pictureFormats.join(', ');
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', `the body is not an image in a known format (${known})`);
  }
  try {
    const preparation = preparationFor({ shape, data });
    const { pixels, blank, inverted } =
      preparation === 'import'
        ? // The decoder has threads of its own, and leaves little to do.
          await imageOf(bytes, 'the body', { shape, data }, preparation)
        : await pool.prepare({ picture: await decodePicture(bytes, 'the body'), shape, preparation });
    if (blank) throw new HttpError('UNPROCESSABLE', 'the image is blank');
    return { pixels, notes: { preparation, inverted } };
  } catch (error) {
    if (isToolkitError(error) && error.code === 'PICTURE_UNREADABLE') {
      throw new HttpError('UNPROCESSABLE', error.message);
    }
    throw error;
  }
}
