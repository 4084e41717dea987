import { add, cast, less, mul, reshape, reverse, sub, type Tensor4D } from '@tensorflow/tfjs-core';

import type { Randomness } from '../../engine/tracing/randomness.js';

/** How images can be mirrored: the axis of [n, height, width, channels] that is reversed. */
const AXES = { horizontal: 2, vertical: 1 } as const;

/** Mirrors images left to right (`horizontal`) or upside down (`vertical`), each with a probability. */
export function flipImages(
  images: Tensor4D,
  way: keyof typeof AXES,
  probability: number,
  randomness: Randomness,
): Tensor4D {
  const [count] = images.shape;
  const drawn = randomness.uniform([count, 1], `augmentation/flip-${way}`);
  const isFlipped = reshape(cast(less(drawn, probability), 'float32'), [count, 1, 1, 1]);
  // Products with 0 and 1 are exact, and are split over shards like any other.
  return add(mul(images, sub(1, isFlipped)), mul(reverse(images, AXES[way]), isFlipped));
}
