import { asUnreadable, decodePicture } from './decode.js';
import { decodeForeign } from './importing/decode.js';
import { bufferOf } from './importing/image-header.js';
import type { Described, Preparation } from './preparation-for.js';
import { preparePicture, type PreparedPicture } from './prepare.js';

/** What an import refuses by default, too. */
const MAX_PIXELS = 2 ** 24;

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
