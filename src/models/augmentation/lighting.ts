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

/** What is changed, and what an image is mixed with: black, its mean brightness, or its grey image. */
export type Lighting = 'brightness' | 'contrast' | 'saturation';

/**
 * Changes the brightness, the contrast or the saturation of images by a factor for each, uniform from 1 − `strength` (at least 0) to
 * 1 + `strength`, as torchvision's `ColorJitter` draws it.
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
 * torchvision's `adjust_brightness`, `adjust_contrast` and `adjust_saturation` on images of floats: factor · image + (1 − factor) · other,
 * cut to the range of pixels.
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
  const mixed = add<Tensor4D>(mul(images, factor), mul(sub(1, factor), otherOf(images, lighting, offset)));
  return clipByValue(mixed, offset, 255 * scale + offset);
}

function otherOf(images: Tensor4D, lighting: Lighting, offset: number): Tensor | number {
  switch (lighting) {
    case 'brightness':
      return offset;
    case 'contrast':
      return mean(greyOf(images, offset), [1, 2, 3], true);
    case 'saturation':
      return greyOf(images, offset);
  }
}

/**
 * The grey values of images, [n, height, width, 1], as torchvision's `rgb_to_grayscale` weights the colours. The weights add up to 0.9999, so
 * that black has a part in it.
 *
 * @param black the scaled value of black
 */
export function greyOf(images: Tensor4D, black: number): Tensor4D {
  const [count, height, width, channels] = images.shape;
  if (channels !== 3) return images;
  const [red, green, blue] = LUMA.map((weight, channel) =>
    mul<Tensor4D>(slice(images, [0, 0, 0, channel], [count, height, width, 1]), weight),
  );
  const rest = black * (1 - LUMA.reduce((sum, weight) => sum + weight, 0));
  return add(add(add(red!, green!), blue!), rest);
}
