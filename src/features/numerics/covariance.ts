import { Matrix } from 'ml-matrix';

import { pixelsPerImage, type LabelledImages } from '../../engine/images.js';

/** The mean of each pixel, and the covariance of each pair (divided by n − 1), of the images at some indices. */
export interface PixelCovariance {
  mean: Float64Array;
  covariance: Matrix;
}

/**
 * Means and covariances of pixels from 0 to 255. Sums and sums of products are whole numbers below 2⁵³, so that the result is the
 * same to the last bit on every machine and in any order; blank pixels, most of them in drawings, cost nothing.
 */
export function pixelCovariance({ pixels, shape }: LabelledImages, indices: Int32Array): PixelCovariance {
  const size = pixelsPerImage(shape);
  const sums = new Float64Array(size);
  const products = Array.from({ length: size }, () => new Float64Array(size));
  const inked = new Int32Array(size);
  for (const index of indices) {
    const image = pixels.subarray(index * size, (index + 1) * size);
    let count = 0;
    for (let at = 0; at < size; at++) if (image[at] !== 0) inked[count++] = at;
    for (let first = 0; first < count; first++) {
      const row = inked[first]!;
      const value = image[row]!;
      const line = products[row]!;
      sums[row]! += value;
      for (let second = first; second < count; second++) {
        const column = inked[second]!;
        line[column]! += value * image[column]!;
      }
    }
  }
  const n = indices.length;
  const covariance = Matrix.zeros(size, size);
  for (let row = 0; row < size; row++) {
    for (let column = row; column < size; column++) {
      const value = (products[row]![column]! - (sums[row]! * sums[column]!) / n) / Math.max(n - 1, 1);
      covariance.set(row, column, value);
      covariance.set(column, row, value);
    }
  }
  return { mean: sums.map((sum) => sum / n), covariance };
}
