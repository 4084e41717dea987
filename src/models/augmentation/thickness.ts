import { add, maxPool, mul, neg, relu, sub, type Tensor4D } from '@tensorflow/tfjs-core';

import type { Randomness } from '../../engine/tracing/randomness.js';

/** The size of the dilation and erosion window. */
const SQUARE = 3;

/**
 * Makes bright strokes thicker or thinner by mixing an image with its dilation or erosion (Serra, "Image analysis and mathematical
 * morphology", 1982, chapter XII). The mixing weight of each image is uniform from −limit (thinner) to limit.
 */
export function changeThickness(images: Tensor4D, limit: number, randomness: Randomness): Tensor4D {
  const drawn = randomness.uniform([images.shape[0], 1, 1, 1], 'augmentation/thickness');
  const share = mul(sub(drawn, 0.5), 2 * limit);
  const dilated = maxPool(images, SQUARE, 1, 'same');
  const eroded = neg(maxPool(neg(images), SQUARE, 1, 'same'));
  const thicker = mul(relu(share), sub(dilated, images));
  const thinner = mul(relu(neg(share)), sub(eroded, images));
  return add(images, add(thicker, thinner));
}
