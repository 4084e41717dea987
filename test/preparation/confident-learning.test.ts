import { expect, test } from 'vitest';

import { findLabelErrors } from '../../src/preparation/confident-learning.js';

// By hand, after the paper: thresholds are the means of the given class's probabilities,
// class 0: (0.9 + 0.8 + 0.1) / 3 = 0.6; class 1: (0.7 + 0.6 + 0.2) / 3 = 0.5.
const labels = Uint8Array.of(0, 0, 0, 1, 1, 1);
const first = [0.9, 0.8, 0.1, 0.3, 0.4, 0.8];
const probabilities = Float32Array.from(first.flatMap((value) => [value, 1 - value]));
const all = Int32Array.of(0, 1, 2, 3, 4, 5);

test('the confident joint’s off-diagonal are the suspects, the least self-confident first', () => {
  const { suspects } = findLabelErrors(probabilities, labels, 2, all);
  expect(suspects.map(({ index, given, suggested }) => [index, given, suggested])).toEqual([
    [2, 0, 1],
    [5, 1, 0],
  ]);
  expect(suspects[0]!.selfConfidence).toBeCloseTo(0.1, 6);
  expect(suspects[1]!.confidence).toBeCloseTo(0.8, 6);
});

test('the number of errors is that of the calibrated joint', () => {
  // The joint is [[2, 1], [1, 2]]; each row already sums up to its 3 examples.
  expect(findLabelErrors(probabilities, labels, 2, all).estimatedErrors).toBe(2);
});

test('an example below every threshold is no suspect', () => {
  // Thresholds 0.85 and 0.7; the third example reaches neither.
  const unsure = Float32Array.of(0.85, 0.15, 0.3, 0.7, 0.5, 0.5);
  const found = findLabelErrors(unsure, Uint8Array.of(0, 1, 0), 2, Int32Array.of(0, 1));
  expect(found.suspects).toEqual([]);
  // 0.675 and 0.7 with it: still neither.
  expect(findLabelErrors(unsure, Uint8Array.of(0, 1, 0), 2, Int32Array.of(0, 1, 2)).suspects).toEqual([]);
});

test('examples that do not count have no influence', () => {
  const { suspects } = findLabelErrors(probabilities, labels, 2, Int32Array.of(0, 1, 3, 4));
  expect(suspects).toEqual([]);
});
