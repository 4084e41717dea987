import { inverse, Matrix } from 'ml-matrix';
import { expect, it } from 'vitest';

import { invertLower } from '../../../src/core/numerics/linear-algebra.js';

it('the inverse of a triangle is the library’s', () => {
  const lower = new Matrix([
    [2, 0, 0],
    [6, 1, 0],
    [-8, 5, 3],
  ]);
  const found = invertLower(lower);
  inverse(lower)
    .to1DArray()
    .forEach((value, place) => {
      expect(found[place]).toBeCloseTo(value, 5);
    });
});
