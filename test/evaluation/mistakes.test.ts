import { expect, it } from 'vitest';

import { confidentMistakes } from '../../src/evaluation/mistakes.js';

it('lists what was wrong, the surest first, and in the order of the examples where equal', () => {
  const scored = {
    probabilities: Float64Array.of(0.9, 0.1, 0.4, 0.6, 0.2, 0.8, 0.6, 0.4, 0.75, 0.25),
    labels: Uint8Array.of(0, 0, 0, 1, 1),
    classes: 2,
  };
  expect(confidentMistakes(scored, 10).map(({ row, label, predicted }) => [row, label, predicted])).toEqual([
    [2, 0, 1],
    [4, 1, 0],
    [1, 0, 1],
    [3, 1, 0],
  ]);
  expect(confidentMistakes(scored, 1)).toEqual([
    { row: 2, label: 0, predicted: 1, probability: 0.8, labelProbability: 0.2 },
  ]);
  expect(confidentMistakes(scored, 0)).toEqual([]);
});
