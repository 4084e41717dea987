import { type Tensor4D } from '@tensorflow/tfjs-core';

import type { PixelScaling } from '../engine/images.js';
import type { Randomness } from '../engine/randomness.js';
import { affineMap, drawAffineChange, isAffine } from './affine.js';
import { drawDisplacement } from './elastic.js';
import { eraseRectangles } from './erasing.js';
import type { AugmentationOptions } from './options.js';
import { resample } from './resample.js';

/** Changes a batch of scaled images [n, height, width, channels], by tfjs operations alone, as a step's random numbers say. */
export type Augmentation = (images: Tensor4D, randomness: Randomness) => Tensor4D;

/**
 * The augmentation of some options, or undefined where they ask for none. The affine map and the elastic distortion are applied
 * together, so that an image is interpolated once; erasing comes last. What is moved in from outside is what pixel 0 became.
 */
export function augmentation(options: AugmentationOptions, scaling: PixelScaling): Augmentation | undefined {
  const { augmentElastic, augmentErasing } = options;
  const isMoved = isAffine(options) || augmentElastic > 0;
  if (!isMoved && augmentErasing === 0) return undefined;
  return (images, randomness) => {
    const moved = isMoved ? move(images, options, scaling.offset, randomness) : images;
    return augmentErasing > 0 ? eraseRectangles(moved, augmentErasing, scaling, randomness) : moved;
  };
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
