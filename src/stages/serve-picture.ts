import { isToolkitError } from '../core/errors.js';
import { formatOf, pictureFormats } from '../imaging/decode.js';
import { preparationFor } from '../imaging/preparation-for.js';
import type { ReadPicture } from '../serving/http/classify.js';
import type { PicturePool } from '../serving/picture-pool.js';
import { HttpError } from '../serving/http-errors.js';
import { imageOf } from './foreign-picture.js';

/** Makes image files into images for a model, as `mnist predict` does, beside the event loop. */
export function pictureReader(pool: PicturePool): ReadPicture {
  return (bytes, description) => readPicture(pool, bytes, description);
}

async function readPicture(
  pool: PicturePool,
  ...[bytes, description]: Parameters<ReadPicture>
): ReturnType<ReadPicture> {
  if (formatOf(bytes) === undefined) {
    const known = pictureFormats.join(', ');
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', `the body is no picture of a known format (${known})`);
  }
  try {
    const preparation = preparationFor(description);
    const { pixels, blank, inverted } = await imageOf(bytes, 'the body', description, preparation, (task) =>
      pool.prepare(task),
    );
    if (blank) throw new HttpError('UNPROCESSABLE', 'there is nothing on the picture');
    return { pixels, notes: { preparation, inverted } };
  } catch (error) {
    if (isToolkitError(error) && error.code === 'PICTURE_UNREADABLE') {
      throw new HttpError('UNPROCESSABLE', error.message);
    }
    throw error;
  }
}
