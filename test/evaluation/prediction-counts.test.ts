import { expect, it } from 'vitest';

import { PredictionCounts } from '../../src/evaluation/prediction-counts.js';

it('counts over several parts, and names the classes with images that are never predicted', () => {
  const counts = new PredictionCounts(4);
  counts.add(new Float32Array([9, 0, 0, 0, 9, 0, 0, 0]), new Uint8Array([0, 1]));
  counts.add(new Float32Array([0, 0, 9, 0]), new Uint8Array([2]));
  expect(counts.actual).toEqual([1, 1, 1, 0]);
  expect(counts.predicted).toEqual([2, 0, 1, 0]);
  expect(counts.neverPredicted(['a', 'b', 'c', 'd'])).toEqual(['b']);
});
