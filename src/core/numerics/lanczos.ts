import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

import { Random } from '../random.js';

/** Eigenvalues in descending order, with their eigenvectors of length 1. */
export interface EigenPairs {
  values: Float64Array;
  vectors: Float64Array[];
}

/** The largest residual, relative to the largest eigenvalue. */
const TOLERANCE = 1e-10;

/**
 * The largest eigenvalues of a symmetric matrix and their vectors: Lanczos's method with full reorthogonalisation (Parlett, “The
 * symmetric eigenvalue problem”, 1980), continued until the residuals vanish or the basis spans the whole space. Each
 * vector's entry of largest magnitude is positive.
 */
export function largestEigenPairs(matrix: Matrix, count: number, seed: number): EigenPairs {
  const size = matrix.rows;
  const rows = Array.from({ length: size }, (_, row) => Float64Array.from(matrix.getRow(row)));
  const random = new Random(seed, 'lanczos');
  const basis = [randomDirection(random, size, [])];
  const diagonal: number[] = [];
  const beside: number[] = [];
  let check = Math.min(size, 3 * count + 20);
  for (;;) {
    const last = basis[basis.length - 1]!;
    const next = Float64Array.from(rows, (row) => dot(row, last));
    diagonal.push(dot(next, last));
    orthogonalize(next, basis);
    const length = Math.sqrt(dot(next, next));
    beside.push(length);
    if (diagonal.length >= check) {
      const found = ritzPairs(diagonal, beside, basis, count);
      if (found || basis.length === size) return found ?? { values: new Float64Array(), vectors: [] };
      check = Math.min(size, check + count);
    }
    const scale = Math.max(...diagonal.map(Math.abs), Number.MIN_VALUE);
    if (length > TOLERANCE * scale) basis.push(next.map((value) => value / length));
    else {
      // The basis spans an invariant subspace; a new direction continues outside it.
      beside[beside.length - 1] = 0;
      basis.push(randomDirection(random, size, basis));
    }
  }
}

/** The eigenpairs of the matrix projected to the basis; undefined until they have converged. */
function ritzPairs(
  diagonal: readonly number[],
  beside: readonly number[],
  basis: readonly Float64Array[],
  count: number,
): EigenPairs | undefined {
  const steps = diagonal.length;
  const tridiagonal = Matrix.zeros(steps, steps);
  diagonal.forEach((value, index) => {
    tridiagonal.set(index, index, value);
    if (index + 1 < steps) {
      tridiagonal.set(index, index + 1, beside[index]!);
      tridiagonal.set(index + 1, index, beside[index]!);
    }
  });
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(tridiagonal, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues
    .map((_, index) => index)
    .sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const chosen = order.slice(0, count);
  const largest = Math.abs(realEigenvalues[order[0]!]!);
  const isExact = chosen.every(
    (column) =>
      Math.abs(beside[steps - 1]! * eigenvectorMatrix.get(steps - 1, column)) <= TOLERANCE * largest,
  );
  if (!isExact && steps < basis[0]!.length) return undefined;
  return {
    values: Float64Array.from(chosen, (column) => realEigenvalues[column]!),
    vectors: chosen.map((column) => combine(basis, eigenvectorMatrix.getColumn(column))),
  };
}

/** A linear combination of the basis, of length 1, its entry of largest magnitude positive. */
function combine(basis: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const vector = new Float64Array(basis[0]!.length);
  weights.forEach((weight, index) => {
    const direction = basis[index]!;
    for (let at = 0; at < vector.length; at++) vector[at]! += weight * direction[at]!;
  });
  const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  const factor = (largest < 0 ? -1 : 1) / Math.sqrt(dot(vector, vector));
  return vector.map((value) => value * factor);
}

function randomDirection(random: Random, size: number, basis: readonly Float64Array[]): Float64Array {
  const direction = Float64Array.from(random.normalArray(size, 1));
  orthogonalize(direction, basis);
  const length = Math.sqrt(dot(direction, direction));
  return direction.map((value) => value / length);
}

/** Makes a vector orthogonal to the basis; twice, because of rounding errors in the first pass. */
function orthogonalize(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (let round = 0; round < 2; round++) {
    for (const direction of basis) {
      const share = dot(vector, direction);
      for (let at = 0; at < vector.length; at++) vector[at]! -= share * direction[at]!;
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}
