import {
  add,
  div,
  exp,
  gather,
  mul,
  reshape,
  slice,
  square,
  sum,
  tensor1d,
  tensor2d,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { Randomness } from '../../engine/tracing/randomness.js';

/** torchvision's smallest standard deviation, in pixels. */
const LEAST = 0.1;
/** How far the kernel reaches, in standard deviations: beyond, a Gaussian has 0.3 % of its weight. */
const REACH = 3;

/**
 * Blurs images with a Gaussian whose standard deviation is drawn for each, uniform from 0.1 to `limit` pixels: torchvision's
 * `GaussianBlur`, with a kernel that reaches three of the largest standard deviations, or as far as mirrored images do.
 */
export function blurImages(images: Tensor4D, limit: number, randomness: Randomness): Tensor4D {
  const [count, height, width] = images.shape;
  const least = Math.min(LEAST, limit);
  const drawn = randomness.uniform([count, 1], 'augmentation/blur');
  const radius = Math.min(Math.ceil(REACH * limit), Math.min(height, width) - 1);
  return blur(images, add(mul(drawn, limit - least), least), radius);
}

/**
 * torchvision's `gaussian_blur` with a kernel of 2 · radius + 1 pixels: edges are mirrored. Sums of shifted images in place of a
 * convolution: each image has a kernel of its own, and `--precision mixed` would round the pixels of a convolution.
 *
 * @param deviations [n, 1]
 * @param radius below both sides
 */
export function blur(images: Tensor4D, deviations: Tensor, radius: number): Tensor4D {
  if (radius === 0) return images;
  const distances = tensor2d([Array.from({ length: 2 * radius + 1 }, (_, place) => place - radius)]);
  const weights = exp(mul(square(div(distances, deviations)), -0.5));
  const kernel = div(weights, sum(weights, 1, true));
  return blurAlong(blurAlong(images, kernel, radius, 1), kernel, radius, 2);
}

/** @param axis of the images: 1 for columns, 2 for rows */
function blurAlong(images: Tensor4D, kernel: Tensor, radius: number, axis: 1 | 2): Tensor4D {
  const { shape } = images;
  const [count, side] = [shape[0], shape[axis]];
  const last = side - 1;
  const places = Array.from({ length: side + 2 * radius }, (_, place) => {
    return last - Math.abs(last - Math.abs(place - radius));
  });
  const padded = gather(images, tensor1d(places, 'int32'), axis);
  const parts = Array.from({ length: 2 * radius + 1 }, (_, place): Tensor4D => {
    const begin = [0, 0, 0, 0];
    begin[axis] = place;
    const weight = reshape(slice(kernel, [0, place], [count, 1]), [count, 1, 1, 1]);
    return mul(slice(padded, begin, shape), weight);
  });
  return parts.reduce((total, part) => add(total, part));
}
