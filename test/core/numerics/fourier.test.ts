import { it } from 'vitest';

import { fourierTransform } from '../../../src/core/numerics/fourier.js';
import { Random } from '../../../src/core/random.js';
import { expectClose } from '../../support/numbers.js';

it.each([1, 2, 8, 64])('the transform of %d numbers is the sum that defines it', (size) => {
  const random = new Random(3, 'fourier');
  const real = Float64Array.from(random.normalArray(size, 1));
  const imaginary = Float64Array.from(random.normalArray(size, 1));
  const expected = { real: new Float64Array(size), imaginary: new Float64Array(size) };
  for (let k = 0; k < size; k++) {
    for (let n = 0; n < size; n++) {
      const angle = (-2 * Math.PI * k * n) / size;
      expected.real[k]! += real[n]! * Math.cos(angle) - imaginary[n]! * Math.sin(angle);
      expected.imaginary[k]! += real[n]! * Math.sin(angle) + imaginary[n]! * Math.cos(angle);
    }
  }
  const found = { real: real.slice(), imaginary: imaginary.slice() };
  fourierTransform(found);
  expectClose(found.real, expected.real, 1e-12);
  expectClose(found.imaginary, expected.imaginary, 1e-12);
  fourierTransform(found, true);
  const restored = found.real.map((value) => value / size);
  expectClose(restored, real, 1e-12);
});
