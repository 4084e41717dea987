import { expect, it } from 'vitest';

import { findLabelErrors } from '../../../../src/data/preparation/cleaning/confident-learning.js';

// By hand, after the paper: thresholds are the means of the given class's probabilities,
// class 0: (0.9 + 0.8 + 0.1) / 3 = 0.6; class 1: (0.7 + 0.6 + 0.2) / 3 = 0.5.
const labels = Uint8Array.of(0, 0, 0, 1, 1, 1);
const first = [0.9, 0.8, 0.1, 0.3, 0.4, 0.8];
const probabilities = Float32Array.from(first.flatMap((value) => [value, 1 - value]));
const all = Int32Array.of(0, 1, 2, 3, 4, 5);

it('what the models take for another class are the suspects, the least self-confident first', () => {
  const { suspects } = findLabelErrors(probabilities, labels, 2, all);
  expect(suspects.map(({ index, given, suggested }) => [index, given, suggested])).toEqual([
    [2, 0, 1],
    [5, 1, 0],
  ]);
  expect(suspects[0]!.selfConfidence).toBeCloseTo(0.1, 6);
  expect(suspects[1]!.confidence).toBeCloseTo(0.8, 6);
});

it('the number of errors is that of the calibrated joint', () => {
  // The joint is [[2, 1], [1, 2]]; each row already sums up to its 3 examples.
  expect(findLabelErrors(probabilities, labels, 2, all).estimatedErrors).toBe(2);
});

it('an example below every threshold counts for nothing, though it may be a suspect', () => {
  // Class 0: (0.9 + 0.45) / 2 = 0.675; class 1: (0.9 + 0.8) / 2 = 0.85; the second reaches neither with 0.45 and 0.55.
  const unsure = Float32Array.of(0.9, 0.1, 0.45, 0.55, 0.1, 0.9, 0.2, 0.8);
  const found = findLabelErrors(unsure, Uint8Array.of(0, 0, 1, 1), 2, Int32Array.of(0, 1, 2, 3));
  expect(found.suspects.map(({ index }) => index)).toEqual([1]);
  expect(found.estimatedErrors).toBe(0);
});

it('examples that do not count have no influence', () => {
  const { suspects } = findLabelErrors(probabilities, labels, 2, Int32Array.of(0, 1, 3, 4));
  expect(suspects).toEqual([]);
});
