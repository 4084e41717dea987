import { expect, test } from 'vitest';

import { cholesky, invertLower } from '../../src/preparation/linear-algebra.js';

// The example of Wikipedia’s article on the decomposition.
const matrix = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);

test('a published matrix has the published triangle', () => {
  expect([...cholesky(matrix, 3)]).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3]);
});

test('a triangle times its inverse is the identity', () => {
  const lower = cholesky(matrix, 3);
  const inverse = invertLower(lower, 3);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const product = [0, 1, 2].reduce((sum, k) => sum + lower[row * 3 + k]! * inverse[k * 3 + column]!, 0);
      expect(product).toBeCloseTo(row === column ? 1 : 0, 12);
    }
  }
});
