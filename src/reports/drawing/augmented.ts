import { scalar, tidy } from '@tensorflow/tfjs-core';

import { augmentation } from '../../models/augmentation/augment.js';
import type { AugmentationOptions } from '../../models/augmentation/options.js';
import { startBackend } from '../../engine/backends/start.js';
import { silentContext } from '../../core/events.js';
import { hostBatch } from '../../engine/running/device-images.js';
import { pixelsPerImage, rowOf, type LabelledImages, type PixelScaling } from '../../core/images.js';
import { stepRandomness } from '../../engine/tracing/randomness.js';
import { pictureOf, type Picture } from './picture.js';

/** Pixels stay bytes. */
const UNSCALED: PixelScaling = { scale: 1, offset: 0 };

/**
 * Images as training would change them: of each index, as many pictures as are asked for, all different. Computed in this process,
 * by the code that training runs; a run's own random numbers are others.
 */
export async function augmentedPictures(
  source: LabelledImages,
  indices: readonly number[],
  { count, seed }: { count: number; seed: number },
  options: AugmentationOptions,
): Promise<Picture[][]> {
  const augment = augmentation(options, UNSCALED);
  if (!augment) return indices.map(() => []);
  const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
  await startBackend('cpu', request, silentContext());
  const size = pixelsPerImage(source.shape);
  return indices.map((index, step) => {
    const values = tidy(() => {
      const { images } = hostBatch({ source, scaling: UNSCALED }, new Int32Array(count).fill(index));
      return augment(images, stepRandomness(seed, scalar(step + 1))).dataSync<'float32'>();
    });
    const bytes = Uint8ClampedArray.from(values);
    return Array.from({ length: count }, (_, copy) =>
      pictureOf(new Uint8Array(rowOf(bytes, copy, size)), source.shape),
    );
  });
}
