import { ToolkitError } from '../../core/errors.js';
import { asUnreadable, decodePicture } from './decode.js';
import { decodeForeign } from './importing/decode.js';
import { bufferOf } from './importing/image-header.js';
import { preparationFor, type Described, type Preparation } from './preparation-for.js';
import { preparePicture, type PreparedPicture } from './prepare.js';

/** What an import refuses by default, too. */
const MAX_PIXELS = 2 ** 24;

/** A picture for a model: what messages call it, and how its bytes are had. */
export interface PictureSource {
  name: string;
  /** Reads its bytes: those of an image file. */
  read: () => Promise<Uint8Array>;
}

/**
 * Reads a picture and makes it into an image for a model. Throws PICTURE_UNREADABLE, also for a picture of one colour.
 *
 * @param prepare how; `auto` does what the model was trained on
 */
export async function readImage(
  { name, read }: PictureSource,
  description: Described,
  prepare: 'auto' | Preparation,
): Promise<PreparedPicture> {
  const preparation = prepare === 'auto' ? preparationFor(description) : prepare;
  const image = await imageOf(await read(), name, description, preparation);
  if (!image.blank) return image;
  const reason = 'the image is blank: all of one colour';
  throw new ToolkitError('PICTURE_UNREADABLE', { path: name, reason });
}

/**
 * Makes a picture into an image for a model. Throws PICTURE_UNREADABLE, naming the picture.
 *
 * @param name how messages call the picture
 * @param maxPixels a picture with more is refused before it is decoded
 */
export async function imageOf(
  bytes: Uint8Array,
  name: string,
  description: Described,
  preparation: Preparation,
  maxPixels?: number,
): Promise<PreparedPicture> {
  const { shape } = description;
  if (preparation !== 'import') {
    return preparePicture(await decodePicture(bytes, name, maxPixels), shape, preparation);
  }
  const { fit = 'pad', centre, invert } = description.data.imported ?? { centre: 'none', invert: 'no' };
  const { width, height } = shape;
  const channels = shape.channels === 3 ? 3 : 1;
  // An import makes grey or coloured images; others were none.
  if (shape.channels !== channels) {
    return preparePicture(await decodePicture(bytes, name, maxPixels), shape, 'fit');
  }
  try {
    const target = {
      ...{ width, height, fit },
      channels,
      centre,
      invert,
      maxPixels: maxPixels ?? MAX_PIXELS,
    } as const;
    const { data, inverted } = await decodeForeign(bufferOf(bytes), target);
    const blank = data.every((pixel) => pixel === data[0]);
    return { pixels: data, shape, blank, inverted, box: null, thickened: false };
  } catch (error) {
    throw asUnreadable(error, name);
  }
}
