import { setImmediate as nextTurn } from 'node:timers/promises';

import {
  matMul,
  sqrt,
  square,
  sub,
  sum,
  tensor1d,
  tensor2d,
  tidy,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';

import { covarianceFrom } from '../../../core/numerics/covariance.js';
import { invertLower } from '../../../core/numerics/linear-algebra.js';
import type { Thumbnails } from './thumbnails.js';
import { rowOf } from '../../../core/images.js';

/** Images whose rows are computed at once. */
const BLOCK = 2000;
/** Added to the variance of each direction, as a share of the mean variance: rare pixels would have none. */
const RIDGE = 0.03;

/** A normal distribution of images: where its centre is, and what makes its covariance the identity. */
export interface ImageDistribution {
  mean: Float32Array;
  /** The inverse of the covariance's Cholesky triangle: [pixels, pixels]. */
  whitening: Float32Array;
}

/**
 * Fits a normal distribution to the square roots of pixels, which spread more evenly than the pixels (Bartlett, 1936). The
 * covariance is widened a little in every direction, so that it can be inverted (Ledoit and Wolf, 2004).
 */
export async function fitDistribution(
  images: Thumbnails,
  indices: Int32Array,
  signal: AbortSignal,
): Promise<ImageDistribution> {
  const size = images.height * images.width;
  const sums = new Float64Array(size);
  const products = new Float64Array(size * size);
  for (let start = 0; start < indices.length; start += BLOCK) {
    signal.throwIfAborted();
    const [blockSums, blockProducts] = tidy((): [Tensor, Tensor] => {
      const rows = rootsOf(images, indices.subarray(start, start + BLOCK));
      return [sum(rows, 0), matMul(rows, rows, true, false)];
    });
    addTo(sums, await blockSums.data());
    addTo(products, await blockProducts.data());
    blockSums.dispose();
    blockProducts.dispose();
    await nextTurn();
  }
  const { mean, covariance } = covarianceFrom(sums, products, indices.length);
  // Images that are all alike have no variance at all; any positive number serves then.
  const ridge = (RIDGE * covariance.trace()) / size || 1;
  const widened = covariance.add(Matrix.eye(size, size, ridge));
  const whitening = invertLower(new CholeskyDecomposition(widened).lowerTriangularMatrix);
  return { mean: Float32Array.from(mean), whitening };
}

/** The squared Mahalanobis distance of each image from the centre of a distribution. */
export async function distances(
  images: Thumbnails,
  { mean, whitening }: ImageDistribution,
  signal: AbortSignal,
): Promise<Float32Array> {
  const size = images.height * images.width;
  const found = new Float32Array(images.count);
  const centre = tensor1d(mean);
  const matrix = tensor2d(whitening, [size, size]);
  try {
    for (let start = 0; start < images.count; start += BLOCK) {
      signal.throwIfAborted();
      const count = Math.min(BLOCK, images.count - start);
      const indices = Int32Array.from({ length: count }, (_, row) => start + row);
      const block = tidy(() =>
        sum(square(matMul(sub(rootsOf(images, indices), centre), matrix, false, true)), 1),
      );
      found.set(await block.data<'float32'>(), start);
      block.dispose();
      await nextTurn();
    }
  } finally {
    centre.dispose();
    matrix.dispose();
  }
  return found;
}

function rootsOf({ height, width, pixels }: Thumbnails, indices: Int32Array): Tensor2D {
  const size = height * width;
  const values = new Float32Array(indices.length * size);
  indices.forEach((index, row) => {
    values.set(rowOf(pixels, index, size), row * size);
  });
  return sqrt(tensor2d(values, [indices.length, size]));
}

function addTo(sums: Float64Array, values: ArrayLike<number>): void {
  for (let place = 0; place < sums.length; place++) sums[place]! += values[place]!;
}
