import { expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { toHalf } from '../../../src/core/numerics/half.js';

/** What a float of 16 bits stands for (IEEE 754-2019, section 3.4). */
function valueOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

it.each([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [65_504, 0x7bff],
  [1e6, 0x7bff],
  [-1e6, 0xfbff],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [1.5 * 2 ** -25, 0x0001],
  // Halfway between two: the even one.
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [2047.5 / 1024, 0x4000],
])('%d is %i in 16 bits', (value, half) => {
  expect(toHalf(Float32Array.of(value))).toEqual(Uint16Array.of(half));
});

it('every number becomes the nearest', () => {
  const random = new Random(1, 'numbers');
  const values = Float32Array.from(
    { length: 5000 },
    () => (random.uniform() - 0.5) * 2 ** (random.integer(34) - 22),
  );
  toHalf(values).forEach((half, index) => {
    const value = values[index]!;
    const distance = Math.abs(valueOf(half) - value);
    // One of the neighbours is nearer only if this one is not the nearest.
    for (const other of [half - 1, half + 1]) {
      if ((other & 0x7fff) <= 0x7bff && other >= 0)
        expect(Math.abs(valueOf(other) - value)).toBeGreaterThanOrEqual(distance);
    }
  });
});
