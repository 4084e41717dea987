import { bufferOf, imageFormats, isImage } from '../data/imaging/importing/image-header.js';
import { preparationFor } from '../data/imaging/preparation-for.js';
import type { ReadPicture } from './http/classify.js';
import { HttpError } from './http-errors.js';
import type { PicturePool } from './picture-pool.js';

/** Prepares image files for a model as `mnist predict` does, in processes of their own. */
export function pictureReader(pool: PicturePool): ReadPicture {
  return async (bytes, { shape, data }) => {
    if (!isImage(bufferOf(bytes))) {
      const known = imageFormats.join(', ');
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', `the body is not an image in a known format (${known})`);
    }
    const preparation = preparationFor({ shape, data });
    const { pixels, blank, inverted } = await pool.prepare({
      bytes,
      description: { shape, data },
      preparation,
    });
    if (blank) throw new HttpError('UNPROCESSABLE', 'the image is blank');
    return { pixels, notes: { preparation, inverted } };
  };
}
