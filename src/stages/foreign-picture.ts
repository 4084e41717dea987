import type { CheckpointDescription } from '../artifacts/checkpoint.js';
import { decodeForeign } from '../collection/decode.js';
import { Unusable } from '../collection/unusable.js';
import { ToolkitError } from '../core/errors.js';
import { decodePicture } from '../imaging/decode.js';
import { preparePicture, type PreparationName, type PreparedPicture } from '../imaging/prepare.js';

/** How a foreign picture becomes an image for a model: also `import`, as the images of its data set were imported. */
export type Preparation = PreparationName | 'import';

/** What an import refuses by default, too. */
const MAX_PIXELS = 2 ** 24;

/**
 * How foreign pictures become images for a model, where nobody says it: as those that it was trained on did, where these were
 * imported; else garments and colour images fill their frame.
 */
export function preparationFor({ shape, data }: CheckpointDescription): Preparation {
  if (data.imported) return 'import';
  return shape.channels > 1 || data.dataset === 'fashion-mnist' ? 'fit' : 'digit';
}

/** The same for the page, which has no decoder of ours: what comes closest to an import. */
export function pagePreparationFor(description: CheckpointDescription): PreparationName {
  const preparation = preparationFor(description);
  if (preparation !== 'import') return preparation;
  return description.data.imported?.centre === 'mass' ? 'digit' : 'fit';
}

/**
 * Makes a picture into an image for a model. Throws PICTURE_UNREADABLE, naming the picture.
 *
 * @param name how messages call the picture
 */
export async function imageOf(
  bytes: Uint8Array,
  name: string,
  description: CheckpointDescription,
  preparation: Preparation,
): Promise<PreparedPicture> {
  const { shape } = description;
  if (preparation !== 'import') return preparePicture(await decodePicture(bytes, name), shape, preparation);
  const { centre, invert } = description.data.imported ?? { centre: 'none', invert: 'no' };
  const channels = shape.channels === 3 ? 3 : 1;
  // An import makes squares, grey or coloured; images of another shape were none.
  if (shape.width !== shape.height || shape.channels !== channels) {
    return preparePicture(await decodePicture(bytes, name), shape, 'fit');
  }
  try {
    const target = { size: shape.width, channels, centre, invert, maxPixels: MAX_PIXELS } as const;
    const { data, inverted } = await decodeForeign(Buffer.from(bytes), target);
    const blank = data.every((pixel) => pixel === data[0]);
    return { pixels: data, shape, blank, inverted, box: null, thickened: false };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new ToolkitError('PICTURE_UNREADABLE', { path: name, reason: error.message }, { cause: error });
  }
}
