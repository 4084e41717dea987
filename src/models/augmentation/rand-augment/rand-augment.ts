import {
  add,
  cast,
  clipByValue,
  cos,
  equal,
  floor,
  less,
  mean,
  mul,
  reshape,
  sin,
  sub,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { PixelScaling } from '../../../core/images.js';
import type { Randomness } from '../../../engine/tracing/randomness.js';
import type { AffineMap } from '../affine.js';
import { greyOf } from '../lighting.js';
import { resample } from '../resample.js';
import { equalize } from './equalize.js';
import { autoContrast, posterize, smoothed, solarize } from './operations.js';

/** The operations of torchvision's `RandAugment`, in its order. */
export const operationNames = [
  ...['identity', 'shear-x', 'shear-y', 'translate-x', 'translate-y', 'rotate'],
  ...['brightness', 'color', 'contrast', 'sharpness', 'posterize', 'solarize', 'auto-contrast', 'equalize'],
] as const;

/** The largest magnitude; torchvision's `num_magnitude_bins` is one more. */
const LARGEST = 30;

/** What an operation of each image is, and its direction: [n, 1] each, the direction 1 or −1. */
export interface DrawnOperations {
  /** The operation's position in `operationNames`. */
  readonly operation: Tensor;
  readonly direction: Tensor;
}

/**
 * RandAugment (Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space", 2020) with torchvision's
 * operations: of each image some, one after the other, each equally likely, in a direction that is as well.
 */
export function randAugment(
  images: Tensor4D,
  { operations, magnitude }: { operations: number; magnitude: number },
  scaling: PixelScaling,
  randomness: Randomness,
): Tensor4D {
  const [count] = images.shape;
  let pixels: Tensor4D = mul(sub(images, scaling.offset), 1 / scaling.scale);
  for (let turn = 1; turn <= operations; turn++) {
    const draw = (purpose: string): Tensor =>
      randomness.uniform([count, 1], `augmentation/randaugment-${turn}-${purpose}`);
    const operation = floor(mul(draw('operation'), operationNames.length));
    const direction = sub(mul(cast(less(draw('direction'), 0.5), 'float32'), 2), 1);
    pixels = applyOperations(pixels, { operation, direction }, magnitude);
  }
  return add(mul(pixels, scaling.scale), scaling.offset);
}

/**
 * Applies an operation to each image: all that move pixels as one affine map, all that mix an image with another as one mixture.
 *
 * @param pixels unscaled, from 0 to 255
 */
export function applyOperations(
  pixels: Tensor4D,
  { operation, direction }: DrawnOperations,
  magnitude: number,
): Tensor4D {
  const is = (name: (typeof operationNames)[number]): Tensor =>
    cast(equal(operation, operationNames.indexOf(name)), 'float32');
  const moved = resample(pixels, mapOf(pixels.shape, is, direction, magnitude), undefined, 0);
  return revalued(mixed(moved, is, direction, magnitude), is, magnitude);
}

/** Whether the operation of each image is the one of a name: 1 or 0, [n, 1]. */
type Is = (name: (typeof operationNames)[number]) => Tensor;

/** torchvision's `affine`, as `RandAugment` calls it: shears keep the upper left corner, rotations the centre. */
function mapOf(
  [, height, width]: readonly [number, number, number, number],
  is: Is,
  direction: Tensor,
  magnitude: number,
): AffineMap {
  const share = magnitude / LARGEST;
  const shear = mul(direction, 0.3 * share);
  const [shearX, shearY] = [mul(is('shear-x'), shear), mul(is('shear-y'), shear)];
  const shift = (side: number): Tensor => mul(direction, -Math.trunc((150 / 331) * side * share));
  const angle = mul(mul(is('rotate'), direction), (30 * share * Math.PI) / 180);
  const [sine, cosine] = [sin(angle), cos(angle)];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  return {
    xx: cosine,
    xy: add(mul(sine, -1), shearX),
    yx: add(sine, shearY),
    yy: cosine,
    x0: add(
      add(sub(centreX, mul(cosine, centreX)), mul(sine, centreY)),
      add(mul(shearX, 0.5), mul(is('translate-x'), shift(width))),
    ),
    y0: add(
      sub(sub(centreY, mul(cosine, centreY)), mul(sine, centreX)),
      add(mul(shearY, 0.5), mul(is('translate-y'), shift(height))),
    ),
  };
}

/**
 * Brightness, colour, contrast and sharpness: factor · image + (1 − factor) · other. The other is black, the grey image (in grey images the
 * pixels themselves), its mean, or the smoothed image.
 */
function mixed(pixels: Tensor4D, is: Is, direction: Tensor, magnitude: number): Tensor4D {
  const [count] = pixels.shape;
  const wide = (values: Tensor): Tensor => reshape(values, [count, 1, 1, 1]);
  const [color, contrast, sharpness] = [is('color'), is('contrast'), is('sharpness')];
  const isMixed = add(add(is('brightness'), color), add(contrast, sharpness));
  const change = wide(mul(mul(isMixed, direction), (0.9 * magnitude) / LARGEST));
  const grey = greyOf(pixels, 0);
  const other = add(
    add(mul(grey, wide(color)), mul(mean(grey, [1, 2, 3], true), wide(contrast))),
    mul(smoothed(pixels), wide(sharpness)),
  );
  const result: Tensor4D = sub(mul(pixels, add(change, 1)), mul(change, other));
  return clipByValue(result, 0, 255);
}

/** What maps values, as of images of bytes: posterize, solarize, stretch or equalize. */
function revalued(pixels: Tensor4D, is: Is, magnitude: number): Tensor4D {
  const [count] = pixels.shape;
  const bytes: Tensor4D = floor(add(pixels, 0.5));
  const changes = [
    [is('posterize'), posterize(bytes, 8 - Math.round(magnitude / 7.5))],
    [is('solarize'), solarize(bytes, 255 * (1 - magnitude / LARGEST))],
    [is('auto-contrast'), autoContrast(pixels)],
    [is('equalize'), equalize(bytes)],
  ] as const;
  const isSame = cast(
    less(add(add(changes[0][0], changes[1][0]), add(changes[2][0], changes[3][0])), 0.5),
    'float32',
  );
  const parts = [[isSame, pixels] as const, ...changes].map(([isChosen, changed]) =>
    mul<Tensor4D>(changed, reshape(isChosen, [count, 1, 1, 1])),
  );
  return parts.reduce((total, part) => add(total, part));
}
