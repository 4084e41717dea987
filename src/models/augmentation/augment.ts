import { type Tensor4D } from '@tensorflow/tfjs-core';

import type { PixelScaling } from '../../core/images.js';
import type { Randomness } from '../../engine/tracing/randomness.js';
import { affineMap, drawAffineChange, isAffine } from './affine.js';
import { drawDisplacement } from './elastic.js';
import { eraseRectangles } from './erasing.js';
import { flipImages } from './flips.js';
import { changeLighting } from './lighting.js';
import type { AugmentationOptions } from './options.js';
import { resample } from './resample.js';
import { changeThickness } from './thickness.js';

/** Augments a batch of scaled images [n, height, width, channels] with a step's random numbers, with tfjs operations only. */
export type Augmentation = (images: Tensor4D, randomness: Randomness) => Tensor4D;

/**
 * Builds the augmentation of some options; undefined if they include none. Stroke thickness changes first, on the original pixels; the
 * affine map and the elastic distortion are combined, so that an image is interpolated only once; flips, brightness and contrast follow;
 * erasing comes last. The outside is filled with the scaled value of pixel 0.
 */
export function augmentation(options: AugmentationOptions, scaling: PixelScaling): Augmentation | undefined {
  const moves = isAffine(options) || options.augmentElastic > 0;
  return combined([
    by(options.augmentThickness, changeThickness),
    moves ? (images, randomness) => move(images, options, scaling.offset, randomness) : undefined,
    by(options.augmentFlipHorizontal, (images, probability, randomness) =>
      flipImages(images, 'horizontal', probability, randomness),
    ),
    by(options.augmentFlipVertical, (images, probability, randomness) =>
      flipImages(images, 'vertical', probability, randomness),
    ),
    by(options.augmentBrightness, (images, strength, randomness) =>
      changeLighting(images, 'brightness', strength, scaling, randomness),
    ),
    by(options.augmentContrast, (images, strength, randomness) =>
      changeLighting(images, 'contrast', strength, scaling, randomness),
    ),
    by(options.augmentErasing, (images, probability, randomness) =>
      eraseRectangles(images, probability, scaling, randomness),
    ),
  ]);
}

/** A change by some amount; undefined for 0. */
function by(
  amount: number,
  change: (images: Tensor4D, amount: number, randomness: Randomness) => Tensor4D,
): Augmentation | undefined {
  return amount > 0 ? (images, randomness) => change(images, amount, randomness) : undefined;
}

/** Applies augmentations one after the other; undefined if there are none. */
export function combined(augmentations: readonly (Augmentation | undefined)[]): Augmentation | undefined {
  const given = augmentations.filter((change) => change !== undefined);
  if (given.length === 0) return undefined;
  return (images, randomness) => given.reduce((changed, change) => change(changed, randomness), images);
}

function move(
  images: Tensor4D,
  options: AugmentationOptions,
  outside: number,
  randomness: Randomness,
): Tensor4D {
  const [count, height, width, channels] = images.shape;
  const shape = { height, width, channels };
  const map = affineMap(drawAffineChange(options, count, randomness), shape);
  const typical = options.augmentElastic;
  const displacement = typical > 0 ? drawDisplacement(typical, count, shape, randomness) : undefined;
  return resample(images, map, displacement, outside);
}
