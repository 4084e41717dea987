import type { ImageShape } from '../../core/images.js';
import { centredDrawing, fitted } from './centring.js';
import { inkOf } from './ink.js';
import { greyOf, opaqueChannels, paste, type Box, type Picture, type Plane } from './picture.js';
import { resample } from './resample.js';

/**
 * How a foreign picture becomes an image like those of a data set. `digit`: as MNIST was made, one drawn sign cropped and
 * centred by its mass; `fit`: the whole picture, as large as it fits; `crop`: its middle, which fills the image; `stretch`: the whole picture,
 * its proportions given up.
 */
export const preparationNames = ['digit', 'fit', 'crop', 'stretch'] as const;

export type PreparationName = (typeof preparationNames)[number];

/** A foreign picture as a model sees it, and what was done to it. */
export interface PreparedPicture {
  /** From 0 to 255, row by row: [height, width, channels]. */
  pixels: Uint8Array;
  shape: ImageShape;
  /** Whether there is nothing on the picture: all pixels are then 0. */
  blank: boolean;
  /** Whether it was dark on light, and so was inverted. */
  inverted: boolean;
  /** The part of the picture that was taken; null where it is blank. */
  box: Box | null;
  /** Whether strokes too thin to survive the shrinking were widened. */
  thickened: boolean;
}

/** Makes a foreign picture into an image for a model. Needs no decoder, no Node.js and no browser: it runs in both. */
export function preparePicture(
  picture: Picture,
  shape: ImageShape,
  preparation: PreparationName = 'digit',
): PreparedPicture {
  if (shape.channels !== 1 || preparation !== 'digit') {
    return fitPicture(picture, shape, preparation === 'digit' ? 'fit' : preparation);
  }
  const centred = centredDrawing(greyOf(picture), shape);
  return { ...centred, shape, blank: centred.box === null };
}

/** A picture, or its middle, in the middle of the field; a grey one is inverted if it is dark on light. */
function fitPicture(
  picture: Picture,
  shape: ImageShape,
  mode: Exclude<PreparationName, 'digit'>,
): PreparedPicture {
  const isColored = shape.channels > 1;
  const { planes, inverted, blank } = isColored ? colorsOf(picture) : inkPlaneOf(picture);
  const taken = mode === 'crop' ? middleOf(picture, shape) : wholeOf(picture);
  const scale = Math.min(shape.width / taken.width, shape.height / taken.height);
  const { width, height } =
    mode === 'fit' ? { width: fitted(taken.width, scale), height: fitted(taken.height, scale) } : shape;
  const corner = { left: (shape.width - width) >> 1, top: (shape.height - height) >> 1 };
  const pixels = new Uint8Array(shape.width * shape.height * shape.channels);
  for (let channel = 0; channel < shape.channels; channel++) {
    const small = resample(planes[channel % planes.length]!, taken, width, height);
    paste(small, shape, corner, pixels, channel);
  }
  return { pixels, shape, blank, inverted, box: blank ? null : taken, thickened: false };
}

/** The planes of a picture, and what was found on it. */
interface Planes {
  readonly planes: readonly Plane[];
  readonly inverted: boolean;
  readonly blank: boolean;
}

function inkPlaneOf(picture: Picture): Planes {
  const { plane, inverted, blank } = inkOf(greyOf(picture));
  return { planes: [plane], inverted, blank };
}

/** A photo has no ink to look for: it is blank only where all its pixels are equal. */
function colorsOf(picture: Picture): Planes {
  const planes = opaqueChannels(picture);
  const blank = planes.every(({ values }) => values.every((value) => value === values[0]));
  return { planes, inverted: false, blank };
}

function wholeOf({ width, height }: Picture): Box {
  return { left: 0, top: 0, width, height };
}

/** The largest part in the middle of a picture that has the proportions of an image. */
function middleOf(picture: Picture, shape: ImageShape): Box {
  const scale = Math.min(picture.width / shape.width, picture.height / shape.height);
  const [width, height] = [fitted(shape.width, scale), fitted(shape.height, scale)];
  return { left: (picture.width - width) >> 1, top: (picture.height - height) >> 1, width, height };
}
