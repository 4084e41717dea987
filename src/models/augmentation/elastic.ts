import { mul, reshape, sub, sum, tensor2d, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

import type { ImageShape } from '../../core/images.js';
import type { Randomness } from '../../engine/tracing/randomness.js';

/** The standard deviation of the smoothing, as a share of the shorter side: 4 pixels of 28, as in the paper. */
const SMOOTHNESS = 1 / 7;
/** The margin of noise around the image, in standard deviations. */
const REACH = 2;

/** Displacements of the pixels of some images, in pixels, each [n, height × width]. */
export interface Displacement {
  readonly x: Tensor;
  readonly y: Tensor;
}

/**
 * Smooth random displacements (Simard, Steinkraus and Platt, "Best practices for convolutional neural
 * networks applied to visual document analysis", 2003): uniform noise, smoothed by a Gaussian. The Gaussian removes
 * detail finer than its standard deviation, so the noise is drawn on a grid that coarse, and the smoothing is two products of small
 * matrices. They are computed as sums: with `--precision mixed` TensorFlow would compute matrix products in 16 bits, which rounds the
 * coordinates to a quarter of a pixel. In the paper's terms, a typical displacement of 1.5 pixels is α ≈ 37 at σ = 4.
 *
 * @param typical the standard deviation of the displacements, in pixels
 */
export function drawDisplacement(
  typical: number,
  count: number,
  { height, width }: ImageShape,
  randomness: Randomness,
): Displacement {
  const deviation = Math.min(height, width) * SMOOTHNESS;
  const down = smoothing(height, deviation);
  const across = smoothing(width, deviation);
  const field = (direction: string): Tensor => {
    const drawn = randomness.uniform(
      [count, down.points, across.points],
      `augmentation/elastic-${direction}`,
    );
    // The variance of uniform numbers is 1/12.
    const noise = mul(sub(drawn, 0.5), typical * Math.sqrt(12));
    const rows = sum(
      mul(
        reshape(noise, [count * down.points, 1, across.points]),
        reshape(across.weights, [1, width, across.points]),
      ),
      2,
    );
    const fields = sum(
      mul(reshape(rows, [count, 1, down.points, width]), reshape(down.weights, [1, height, down.points, 1])),
      2,
    );
    return reshape(fields, [count, height * width]);
  };
  return { x: field('x'), y: field('y') };
}

/**
 * The smoothing weights [side, points] from grid points to pixels. Their squares add up to 1, which preserves the variance, at the
 * border too.
 */
function smoothing(side: number, deviation: number): { points: number; weights: Tensor2D } {
  const points = Math.ceil(side / deviation) + 2 * REACH;
  const first = (side - 1 - (points - 1) * deviation) / 2;
  const rows = Array.from({ length: side }, (_, pixel) => {
    const row = Array.from({ length: points }, (_, point) =>
      Math.exp(-0.5 * ((pixel - first) / deviation - point) ** 2),
    );
    const norm = Math.hypot(...row);
    return row.map((weight) => weight / norm);
  });
  return { points, weights: tensor2d(rows, [side, points]) };
}
