import { isToolkitError } from '../core/errors.js';
import { formatOf, pictureFormats } from '../imaging/decode.js';
import { preparationFor } from '../imaging/preparation-for.js';
import type { ReadPicture } from '../serving/http/classify.js';
import { HttpError } from '../serving/http-errors.js';
import { imageOf } from './foreign-picture.js';

/** Makes an image file into an image for a model, as `mnist predict` does. */
export const readPicture: ReadPicture = async (bytes, description) => {
  if (formatOf(bytes) === undefined) {
    const known = pictureFormats.join(', ');
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', `the body is no picture of a known format (${known})`);
  }
  try {
    const preparation = preparationFor(description);
    const { pixels, blank, inverted } = await imageOf(bytes, 'the body', description, preparation);
    if (blank) throw new HttpError('UNPROCESSABLE', 'there is nothing on the picture');
    return { pixels, notes: { preparation, inverted } };
  } catch (error) {
    if (isToolkitError(error) && error.code === 'PICTURE_UNREADABLE') {
      throw new HttpError('UNPROCESSABLE', error.message);
    }
    throw error;
  }
};
