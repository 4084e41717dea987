import { expect, it } from 'vitest';

import { stratifiedSplit } from '../../../src/data/preparation/split.js';

/** 500 of class 0, 300 of class 1, 7 of class 2, 1 of class 9, mixed up. */
const labels = Uint8Array.from({ length: 808 }, (_, index) => {
  const place = (index * 405) % 808;
  return place < 500 ? 0 : place < 800 ? 1 : place < 807 ? 2 : 9;
});

// 405 and 808 have no common divisor, so every place is taken once.
const countOf = (indices: Int32Array, label: number): number =>
  indices.filter((index) => labels[index] === label).length;

it.each([
  [0.1, [50, 30, 1, 0]],
  [0.25, [125, 75, 2, 0]],
  [0.5, [250, 150, 4, 0]],
  [0.99, [495, 297, 6, 0]],
])('a share of %f is held back of every class, but never a whole class', (share, expected) => {
  const { training, validation } = stratifiedSplit(labels, share, 1);
  expect([0, 1, 2, 9].map((label) => countOf(validation, label))).toEqual(expected);
  expect([0, 1, 2, 9].every((label) => countOf(training, label) > 0)).toBe(true);
});

it('every image is in one of the two, in order', () => {
  const { training, validation } = stratifiedSplit(labels, 0.3, 1);
  expect([...training, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
  for (const indices of [training, validation])
    expect([...indices]).toEqual([...indices].sort((a, b) => a - b));
});

it('a share of 0 holds nothing back', () => {
  const { training, validation } = stratifiedSplit(labels, 0, 1);
  expect(validation).toHaveLength(0);
  expect(training).toHaveLength(labels.length);
});

it('the same seed gives the same split, another seed another one', () => {
  expect(stratifiedSplit(labels, 0.1, 1)).toEqual(stratifiedSplit(labels, 0.1, 1));
  expect(stratifiedSplit(labels, 0.1, 1)).not.toEqual(stratifiedSplit(labels, 0.1, 2));
});

it('which images are held back does not depend on their place', () => {
  // Were always the first ones taken, the mean place would be that of the first tenth.
  const same = new Uint8Array(10_000);
  const { validation } = stratifiedSplit(same, 0.1, 1);
  const mean = validation.reduce((sum, index) => sum + index, 0) / validation.length;
  // The mean of 1,000 uniform places has a standard deviation of about 10,000 / √12 / √1,000 = 91.
  expect(Math.abs(mean - 5000)).toBeLessThan(5 * 91);
});
