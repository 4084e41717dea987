import {
  add,
  clipByValue,
  mean,
  mul,
  reshape,
  slice,
  sub,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { PixelScaling } from '../../core/images.js';
import type { Randomness } from '../../engine/tracing/randomness.js';

/** The weights of red, green and blue in torchvision's `rgb_to_grayscale`. */
const LUMA = [0.2989, 0.587, 0.114] as const;

/** What is changed, and what an image is mixed with: black, or its mean brightness. */
export type Lighting = 'brightness' | 'contrast';

/**
 * Changes the brightness or the contrast of images by a factor for each, uniform from 1 − `strength` (at least 0) to 1 + `strength`, as
 * torchvision's `ColorJitter` draws it.
 */
export function changeLighting(
  images: Tensor4D,
  lighting: Lighting,
  strength: number,
  scaling: PixelScaling,
  randomness: Randomness,
): Tensor4D {
  const [count] = images.shape;
  const drawn = randomness.uniform([count, 1], `augmentation/${lighting}`);
  const least = Math.max(0, 1 - strength);
  return adjust(images, lighting, add(mul(drawn, 1 + strength - least), least), scaling);
}

/**
 * torchvision's `adjust_brightness` and `adjust_contrast` on images of floats: factor · image + (1 − factor) · other, cut to the range of
 * pixels.
 *
 * @param factors [n, 1]
 */
export function adjust(
  images: Tensor4D,
  lighting: Lighting,
  factors: Tensor,
  { scale, offset }: PixelScaling,
): Tensor4D {
  const [count] = images.shape;
  const factor = reshape(factors, [count, 1, 1, 1]);
  const other = lighting === 'brightness' ? offset : meanBrightness(images);
  const mixed = add<Tensor4D>(mul(images, factor), mul(sub(1, factor), other));
  return clipByValue(mixed, offset, 255 * scale + offset);
}

/** The mean of an image's grey values: [n, 1, 1, 1]. */
function meanBrightness(images: Tensor4D): Tensor {
  const [count, height, width, channels] = images.shape;
  if (channels !== 3) return mean(images, [1, 2, 3], true);
  const means = mean(reshape(images, [count, height * width, 3]), 1);
  // The weights add up to 0.9999: made to add up to 1, they give the same for scaled pixels as for unscaled ones.
  const total = LUMA.reduce((sum, weight) => sum + weight, 0);
  const weighted = LUMA.map((weight, channel) => mul(slice(means, [0, channel], [count, 1]), weight / total));
  return reshape(
    weighted.reduce((sum, part) => add(sum, part)),
    [count, 1, 1, 1],
  );
}
