import { Matrix } from 'ml-matrix';

/** The mean of each component of some vectors, and the covariance of each pair (divided by n − 1). */
export interface Covariance {
  mean: Float64Array;
  covariance: Matrix;
}

/**
 * From sums over n vectors.
 *
 * @param products sums of the products of two components, row by row; those right of the diagonal and on it are read
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
 * Of vectors, which may hold zeros that cost nothing: most of a drawing is blank. Of pixels from 0 to 255, sums and sums of products
 * are whole numbers below 2⁵³, so that the result is the same to the last bit on every machine and in any order.
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
