import {
  add,
  avgPool,
  cast,
  clipByValue,
  div,
  floor,
  greaterEqual,
  less,
  max,
  min,
  mul,
  pad,
  slice,
  sub,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

const BRIGHTEST = 255;

/** torchvision's `posterize`: keeps the highest bits of a pixel, here of whole numbers as floats. */
export function posterize(pixels: Tensor4D, bits: number): Tensor4D {
  const step = 2 ** (8 - bits);
  return mul(floor(mul(pixels, 1 / step)), step);
}

/** torchvision's `solarize`: inverts the pixels from a threshold on. */
export function solarize(pixels: Tensor4D, threshold: number): Tensor4D {
  const isInverted = cast(greaterEqual(pixels, threshold), 'float32');
  return add(mul(pixels, sub(1, isInverted)), mul(sub(BRIGHTEST, pixels), isInverted));
}

/** torchvision's `autocontrast`: stretches each channel of an image to the whole range, unless all of it is the same. */
export function autoContrast(pixels: Tensor4D): Tensor4D {
  const least = min(pixels, [1, 2], true);
  const range = sub(max(pixels, [1, 2], true), least);
  // Of bytes; less than half a level is rounding.
  const isFlat = cast(less(range, 0.5), 'float32');
  const stretched = mul(sub(pixels, least), div(BRIGHTEST, add(range, isFlat)));
  return clipByValue(add(mul(stretched, sub(1, isFlat)), mul(pixels, isFlat)), 0, BRIGHTEST);
}

/**
 * What torchvision's `adjust_sharpness` mixes pixels with: means over 3×3 pixels, of which the one in the middle counts five times; pixels at
 * the edges, and those of images of two pixels, stay as they are.
 */
export function smoothed(pixels: Tensor4D): Tensor4D {
  const [count, height, width, channels] = pixels.shape;
  if (Math.min(height, width) <= 2) return pixels;
  const middle = slice(pixels, [0, 1, 1, 0], [count, height - 2, width - 2, channels]);
  const around = mul(avgPool(pixels, 3, 1, 'valid'), 9);
  const change = sub(div(add(around, mul(middle, 4)), 13), middle);
  const edge: [number, number] = [1, 1];
  return add(pixels, pad(change, [[0, 0], edge, edge, [0, 0]]));
}
