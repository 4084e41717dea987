import { inkOf } from './ink.js';
import { greyOf, opaqueChannels, type Box, type Picture, type Plane } from './picture.js';
import { resample } from './resample.js';
import { boxOfStrokes, strokeWidth, thicken, withoutDust } from './strokes.js';

/**
 * The ways in which a foreign picture becomes an image like those of a data set. `digit`: as MNIST was made, one drawn sign
 * cropped and centred by its mass; `fit`: the whole picture, as large as it fits.
 */
export const preparationNames = ['digit', 'fit'] as const;

export type PreparationName = (typeof preparationNames)[number];

/** The size of the images that a model takes. */
export interface TargetShape {
  height: number;
  width: number;
  channels: number;
}

/** A foreign picture as a model sees it, and what was done to it. */
export interface PreparedPicture {
  /** From 0 to 255, row by row: [height, width, channels]. */
  pixels: Uint8Array;
  shape: TargetShape;
  /** Whether there is nothing on the picture: all pixels are then 0. */
  blank: boolean;
  /** Whether it was dark on light, and so was inverted. */
  inverted: boolean;
  /** The part of the picture that was taken; null where it is blank. */
  box: Box | null;
  /** Whether strokes too thin to survive the shrinking were widened. */
  thickened: boolean;
}

/** MNIST's digits fill a box of 20 pixels in a field of 28. */
const BOX_SHARE = 20 / 28;
/** Strokes thinner than this, in pixels of the model's image, are widened to the second figure: MNIST's are 2 to 3 wide. */
const THIN = 1.2;
const WIDENED = 2;
/** A stroke whose middle reaches this is full. */
const FULL = 250;

/** Makes a foreign picture into an image for a model. Needs no decoder, no Node.js and no browser: it runs in both. */
export function preparePicture(
  picture: Picture,
  shape: TargetShape,
  preparation: PreparationName = 'digit',
): PreparedPicture {
  if (shape.channels === 1 && preparation === 'digit') return prepareDigit(greyOf(picture), shape);
  return fitPicture(picture, shape);
}

/** As MNIST was made: cropped, fitted into the box with its proportions kept, its centre of mass in the field's middle. */
function prepareDigit(grey: Plane, shape: TargetShape): PreparedPicture {
  const { plane, inverted, blank } = inkOf(grey);
  const clean = withoutDust(plane);
  const box = blank ? undefined : boxOfStrokes(clean);
  if (!box) return blankPicture(shape, inverted);
  const size = Math.round(BOX_SHARE * Math.min(shape.width, shape.height));
  const { ink, thickened } = widened(resample(clean, box, box.width, box.height), size);
  const scale = size / Math.max(ink.width, ink.height);
  const whole = { left: 0, top: 0, width: ink.width, height: ink.height };
  const inside = resample(ink, whole, fitted(ink.width, scale), fitted(ink.height, scale));
  const pixels = placeByMass(strengthened(inside), shape);
  return { pixels, shape, blank: false, inverted, box, thickened };
}

/** A length in the target, of at least one pixel. */
function fitted(length: number, scale: number): number {
  return Math.max(1, Math.round(length * scale));
}

function widened(ink: Plane, size: number): { ink: Plane; thickened: boolean } {
  const scale = size / Math.max(ink.width, ink.height);
  const width = strokeWidth(ink) * scale;
  // Where the picture is enlarged, its pixels are the finest that there is to see.
  if (scale >= 1 || width >= THIN) return { ink, thickened: false };
  const radius = (WIDENED - width) / (2 * scale);
  return radius < 1 ? { ink, thickened: false } : { ink: thicken(ink, radius), thickened: true };
}

function strengthened(plane: Plane): Plane {
  const most = plane.values.reduce((largest, value) => Math.max(largest, value), 1);
  const gain = Math.max(1, FULL / most);
  return gain === 1 ? plane : { ...plane, values: plane.values.map((value) => Math.min(255, value * gain)) };
}

function placeByMass(inside: Plane, shape: TargetShape): Uint8Array {
  const centre = centreOfMass(inside);
  const place = (length: number, field: number, middle: number): number =>
    // MNIST's mean centre is the middle of the pixel after the field's, and so half a pixel right of it and below.
    Math.min(field - length, Math.max(0, Math.round(Math.floor(field / 2) + 0.5 - middle)));
  const left = place(inside.width, shape.width, centre.x);
  const top = place(inside.height, shape.height, centre.y);
  return paste(inside, shape, left, top);
}

/** The mean place of a plane's values, where the middle of the first pixel is at 0.5. */
export function centreOfMass({ width, height, values }: Plane): { x: number; y: number } {
  let [mass, sumX, sumY] = [0, 0, 0];
  values.forEach((value, index) => {
    const column = index % width;
    mass += value;
    sumX += value * (column + 0.5);
    sumY += value * ((index - column) / width + 0.5);
  });
  return mass === 0 ? { x: width / 2, y: height / 2 } : { x: sumX / mass, y: sumY / mass };
}

/** The whole picture, as large as it fits in the middle of the field; a grey one is inverted if it is dark on light. */
function fitPicture(picture: Picture, shape: TargetShape): PreparedPicture {
  const { plane, inverted, blank } = inkOf(greyOf(picture));
  const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
  const scale = Math.min(shape.width / picture.width, shape.height / picture.height);
  const [width, height] = [fitted(picture.width, scale), fitted(picture.height, scale)];
  const isColored = shape.channels > 1;
  const planes = isColored ? opaqueChannels(picture) : [plane];
  const pixels = new Uint8Array(shape.width * shape.height * shape.channels);
  for (let channel = 0; channel < shape.channels; channel++) {
    const small = resample(planes[channel % planes.length]!, whole, width, height);
    const left = (shape.width - width) >> 1;
    paste(small, shape, left, (shape.height - height) >> 1, pixels, channel);
  }
  return {
    pixels,
    shape,
    blank,
    inverted: inverted && !isColored,
    box: blank ? null : whole,
    thickened: false,
  };
}

function paste(
  plane: Plane,
  { width, height, channels }: TargetShape,
  left: number,
  top: number,
  pixels = new Uint8Array(width * height * channels),
  channel = 0,
): Uint8Array {
  plane.values.forEach((value, index) => {
    const x = index % plane.width;
    const y = (index - x) / plane.width;
    pixels[((top + y) * width + left + x) * channels + channel] = Math.round(value);
  });
  return pixels;
}

function blankPicture(shape: TargetShape, inverted: boolean): PreparedPicture {
  const pixels = new Uint8Array(shape.width * shape.height * shape.channels);
  return { pixels, shape, blank: true, inverted, box: null, thickened: false };
}
