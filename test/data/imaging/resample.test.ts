import { expect, it } from 'vitest';

import { resample } from '../../../src/data/imaging/resample.js';
import { Random } from '../../../src/core/random.js';

const plane = {
  width: 12,
  height: 9,
  values: Float32Array.from(new Random(1, 'plane').normalArray(108, 100)),
};
const whole = { left: 0, top: 0, width: 12, height: 9 };

it('changes nothing at the same size', () => {
  expect(resample(plane, whole, 12, 9).values).toEqual(plane.values);
});

it('gives means of areas, so that a total is kept', () => {
  const small = resample(plane, whole, 5, 4);
  const total = (values: Float32Array, area: number): number =>
    values.reduce((sum, value) => sum + value * area, 0);
  expect(total(small.values, (12 / 5) * (9 / 4))).toBeCloseTo(total(plane.values, 1), 2);
  // A quarter of the picture, by hand.
  const corner = resample(plane, { left: 0, top: 0, width: 2, height: 2 }, 1, 1).values[0]!;
  const [a, b, c, d] = [0, 1, 12, 13].map((index) => plane.values[index]!);
  expect(corner).toBeCloseTo((a! + b! + c! + d!) / 4, 4);
});

it('interpolates where it enlarges: a slope stays a slope', () => {
  const slope = { width: 4, height: 1, values: new Float32Array([0, 10, 20, 30]) };
  const { values } = resample(slope, { left: 0, top: 0, width: 4, height: 1 }, 8, 1);
  expect([...values]).toEqual([0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30]);
});
