/**
 * The lower triangle L of a symmetric positive definite matrix A = L·Lᵀ (Cholesky's decomposition), row by row.
 *
 * @param matrix row by row: [size, size]
 */
export function cholesky(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = matrix[row * size + column]!;
      for (let k = 0; k < column; k++) rest -= lower[row * size + k]! * lower[column * size + k]!;
      lower[row * size + column] = row === column ? Math.sqrt(rest) : rest / lower[column * size + column]!;
    }
  }
  return lower;
}

/** The inverse of a lower triangular matrix, by forward substitution. */
export function invertLower(lower: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    const pivot = lower[row * size + row]!;
    inverse[row * size + row] = 1 / pivot;
    for (let k = 0; k < row; k++) {
      const factor = lower[row * size + k]! / pivot;
      if (factor === 0) continue;
      for (let column = 0; column <= k; column++) {
        inverse[row * size + column]! -= factor * inverse[k * size + column]!;
      }
    }
  }
  return inverse;
}
