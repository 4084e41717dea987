import { Matrix } from 'ml-matrix';

/** The mean of each component, and the covariance of each pair of components (divided by n − 1). */
export interface Covariance {
  mean: Float64Array;
  covariance: Matrix;
}

/**
 * Computes means and covariances from sums over n vectors.
 *
 * @param products sums of the products of two components, row by row; only the upper triangle is read
 */
export function covarianceFrom(sums: Float64Array, products: Float64Array, n: number): Covariance {
  const size = sums.length;
  const covariance = Matrix.zeros(size, size);
  for (let row = 0; row < size; row++) {
    for (let column = row; column < size; column++) {
      const value = (products[row * size + column]! - (sums[row]! * sums[column]!) / n) / Math.max(n - 1, 1);
      covariance.set(row, column, value);
      covariance.set(column, row, value);
    }
  }
  return { mean: sums.map((sum) => sum / n), covariance };
}

/**
 * The covariance of vectors; zeros, such as the background of drawings, are skipped. For pixels from 0 to 255 all sums are integers
 * below 2⁵³, so the result is bit-identical on every machine and in any order.
 */
export function covarianceOf(vectors: Iterable<Uint8Array | Float32Array>, size: number): Covariance {
  const sums = new Float64Array(size);
  const products = new Float64Array(size * size);
  const inked = new Int32Array(size);
  let n = 0;
  for (const vector of vectors) {
    n++;
    let count = 0;
    for (let at = 0; at < size; at++) if (vector[at] !== 0) inked[count++] = at;
    for (let first = 0; first < count; first++) {
      const row = inked[first]!;
      const value = vector[row]!;
      sums[row]! += value;
      for (let second = first; second < count; second++) {
        const column = inked[second]!;
        products[row * size + column]! += value * vector[column]!;
      }
    }
  }
  return covarianceFrom(sums, products, n);
}
