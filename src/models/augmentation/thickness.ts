import { add, maxPool, mul, neg, relu, sub, type Tensor4D } from '@tensorflow/tfjs-core';

import type { Randomness } from '../../engine/tracing/randomness.js';

/** Height and width of the square of which the brightest or the darkest pixel is taken: one pixel more on each side. */
const SQUARE = 3;

/**
 * Makes bright strokes thicker or thinner: a pixel goes up to a share of the way to the brightest of its neighbours, or to the darkest
 * (the dilation and the erosion of Serra, "Image analysis and mathematical morphology", 1982, chapter XII). The share is drawn for each
 * image, uniform from −limit (thinner) to limit.
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
