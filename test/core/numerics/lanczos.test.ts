import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { largestEigenPairs } from '../../../src/core/numerics/lanczos.js';

function symmetric(size: number, rank: number): Matrix {
  const factor = new Matrix(
    Array.from({ length: rank }, (_, row) => [
      ...new Random(5, 'matrix', row).normalArray(size, 1 + row / 4),
    ]),
  );
  return factor.transpose().mmul(factor);
}

for (const { size, rank, count } of [
  { size: 60, rank: 80, count: 7 },
  { size: 200, rank: 40, count: 12 },
  { size: 30, rank: 4, count: 30 },
  { size: 1, rank: 1, count: 1 },
]) {
  it(`the ${count} largest of ${size}, of rank ${rank}: as the full decomposition has them`, () => {
    const matrix = symmetric(size, rank);
    const { values, vectors } = largestEigenPairs(matrix, count, 1);
    const full = new EigenvalueDecomposition(matrix, { assumeSymmetric: true }).realEigenvalues;
    const expected = full.toSorted((a, b) => b - a).slice(0, count);
    const largest = expected[0]!;
    expect(values).toHaveLength(count);
    expected.forEach((value, index) => {
      expect(values[index]! / largest).toBeCloseTo(value / largest, 9);
    });
    vectors.forEach((vector, index) => {
      const image = matrix.mmul(Matrix.columnVector([...vector])).to1DArray();
      image.forEach((value, at) => {
        expect(value / largest).toBeCloseTo((values[index]! * vector[at]!) / largest, 8);
      });
      expect(vector.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 9);
    });
  });
}

it('a matrix with one eigenvalue many times, and one of zeros', () => {
  const { values, vectors } = largestEigenPairs(Matrix.eye(9, 9).mul(3), 4, 1);
  expect([...values].map((value) => value.toFixed(9))).toEqual(new Array(4).fill('3.000000000'));
  const product = vectors[0]!.reduce((sum, value, at) => sum + value * vectors[1]![at]!, 0);
  expect(product).toBeCloseTo(0, 9);
  expect([...largestEigenPairs(Matrix.zeros(5, 5), 2, 1).values]).toEqual([0, 0]);
});
