import { type Tensor4D } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import type { ImageShape, PixelScaling } from '../../core/images.js';
import type { Randomness } from '../../engine/tracing/randomness.js';
import { affineMap, drawAffineChange, isAffine } from './affine.js';
import { blurImages } from './blur.js';
import { cropImages } from './crop.js';
import { longestPadding } from './edges.js';
import { drawDisplacement } from './elastic.js';
import { eraseRectangles } from './erasing.js';
import { flipImages } from './flips.js';
import { changeHue } from './hue.js';
import { changeLighting, type Lighting } from './lighting.js';
import type { AugmentationOptions } from './options.js';
import { randAugment } from './rand-augment/rand-augment.js';
import { resample } from './resample.js';
import { changeThickness } from './thickness.js';

/** Augments a batch of scaled images [n, height, width, channels] with a step's random numbers, with tfjs operations only. */
export type Augmentation = (images: Tensor4D, randomness: Randomness) => Tensor4D;

/**
 * Builds the augmentation of some options; undefined if they include none. Stroke thickness changes first, on the original pixels; the
 * affine map and the elastic distortion are combined, so that an image is interpolated only once; crop, flips, RandAugment, the changes of
 * light and colour and the blur follow; erasing comes last. The outside is filled with the scaled value of pixel 0.
 */
export function augmentation(options: AugmentationOptions, scaling: PixelScaling): Augmentation | undefined {
  const moves = isAffine(options) || options.augmentElastic > 0;
  const edge = { edge: options.augmentCropPadding, outside: scaling.offset };
  const magnitude = options.augmentRandaugmentMagnitude;
  const light = (amount: number, lighting: Lighting): Augmentation | undefined =>
    by(amount, (images, strength, randomness) =>
      changeLighting(images, lighting, strength, scaling, randomness),
    );
  return combined([
    by(options.augmentThickness, changeThickness),
    moves ? (images, randomness) => move(images, options, scaling.offset, randomness) : undefined,
    by(options.augmentCrop, (images, padding, randomness) => cropImages(images, padding, edge, randomness)),
    by(options.augmentFlipHorizontal, (images, probability, randomness) =>
      flipImages(images, 'horizontal', probability, randomness),
    ),
    by(options.augmentFlipVertical, (images, probability, randomness) =>
      flipImages(images, 'vertical', probability, randomness),
    ),
    by(options.augmentRandaugment, (images, operations, randomness) =>
      randAugment(images, { operations, magnitude }, scaling, randomness),
    ),
    light(options.augmentBrightness, 'brightness'),
    light(options.augmentContrast, 'contrast'),
    light(options.augmentSaturation, 'saturation'),
    by(options.augmentHue, (images, limit, randomness) => changeHue(images, limit, scaling, randomness)),
    by(options.augmentBlur, blurImages),
    by(options.augmentErasing, (images, probability, randomness) =>
      eraseRectangles(images, probability, scaling, randomness),
    ),
  ]);
}

/**
 * Throws USAGE for augmentation that images of a shape cannot have: colours of grey images, and mirror images that are wider than the image.
 */
export function requireAugmentable(
  options: AugmentationOptions,
  { height, width, channels }: ImageShape,
): void {
  const { augmentCrop, augmentCropPadding, augmentSaturation, augmentHue } = options;
  if (channels !== 3 && (augmentSaturation > 0 || augmentHue > 0)) {
    const option = augmentSaturation > 0 ? '--augment-saturation' : '--augment-hue';
    throw new ToolkitError('USAGE', {
      message: `${option}: the images are grey, and have no colours to change`,
      hint: `leave ${option} out, or use --augment-brightness or --augment-contrast`,
    });
  }
  const limit = longestPadding(augmentCropPadding, Math.min(height, width));
  if (augmentCrop > limit) {
    throw new ToolkitError('USAGE', {
      message: `--augment-crop ${augmentCrop}: with --augment-crop-padding ${augmentCropPadding}, images of ${width}×${height} can be padded by ${limit} pixels at most`,
      hint: `use --augment-crop ${limit} or fewer, or --augment-crop-padding edge`,
    });
  }
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
