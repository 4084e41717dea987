import { scalar, tidy } from '@tensorflow/tfjs-core';

import { pixelsPerImage, type LabelledImages, type PixelScaling } from '../../core/images.js';
import { hostBatch } from '../../engine/running/device-images.js';
import { stepRandomness } from '../../engine/tracing/randomness.js';
import { augmentation, requireAugmentable } from './augment.js';
import type { AugmentationOptions } from './options.js';

/** Pixels stay bytes. */
const UNSCALED: PixelScaling = { scale: 1, offset: 0 };

/**
 * Augments images with the code that training uses, on the started backend: several variants of each index. A run draws other random
 * numbers. Empty without augmentation. Throws USAGE for augmentation that these images cannot have.
 */
export function augmentImages(
  source: LabelledImages,
  indices: readonly number[],
  { count, seed }: { count: number; seed: number },
  options: AugmentationOptions,
): Uint8Array[][] {
  requireAugmentable(options, source.shape);
  const augment = augmentation(options, UNSCALED);
  if (!augment) return indices.map(() => []);
  const size = pixelsPerImage(source.shape);
  return indices.map((index, step) => {
    const values = tidy(() => {
      const { images } = hostBatch({ source, scaling: UNSCALED }, new Int32Array(count).fill(index));
      return augment(images, stepRandomness(seed, scalar(step + 1))).dataSync<'float32'>();
    });
    const bytes = new Uint8Array(Uint8ClampedArray.from(values));
    return Array.from({ length: count }, (_, copy) => bytes.subarray(copy * size, (copy + 1) * size));
  });
}
