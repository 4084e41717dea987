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
 * affine map and the elastic distortion are combined, so that an image is interpolated only once; flips, brightness and contrast follow; erasing comes last. The outside is
 * filled with the scaled value of pixel 0.
 */
export function augmentation(options: AugmentationOptions, scaling: PixelScaling): Augmentation | undefined {
  const { augmentThickness, augmentElastic, augmentErasing } = options;
  const { augmentFlipHorizontal, augmentFlipVertical, augmentBrightness, augmentContrast } = options;
  const changes: Augmentation[] = [];
  if (augmentThickness > 0)
    changes.push((images, randomness) => changeThickness(images, augmentThickness, randomness));
  if (isAffine(options) || augmentElastic > 0)
    changes.push((images, randomness) => move(images, options, scaling.offset, randomness));
  const flips = { horizontal: augmentFlipHorizontal, vertical: augmentFlipVertical } as const;
  for (const [way, probability] of entriesOf(flips)) {
    if (probability > 0)
      changes.push((images, randomness) => flipImages(images, way, probability, randomness));
  }
  const lights = { brightness: augmentBrightness, contrast: augmentContrast } as const;
  for (const [lighting, strength] of entriesOf(lights)) {
    if (strength > 0)
      changes.push((images, randomness) => changeLighting(images, lighting, strength, scaling, randomness));
  }
  if (augmentErasing > 0)
    changes.push((images, randomness) => eraseRectangles(images, augmentErasing, scaling, randomness));
  if (changes.length === 0) return undefined;
  return (images, randomness) => changes.reduce((changed, change) => change(changed, randomness), images);
}

function entriesOf<Key extends string>(record: Readonly<Record<Key, number>>): [Key, number][] {
  return Object.entries(record) as [Key, number][];
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
