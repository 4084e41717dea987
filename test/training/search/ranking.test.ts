import { expect, it } from 'vitest';

import { bestOf, ranked } from '../../../src/training/search/ranking.js';

const trials = [
  {
    trial: 1,
    history: [
      { accuracy: 0.5, loss: 1 },
      { accuracy: 0.9, loss: 0.8 },
    ],
  },
  { trial: 2, history: [{ accuracy: 0.7, loss: 2 }] },
  {
    trial: 3,
    history: [
      { accuracy: 0.7, loss: 0.9 },
      { accuracy: 0.6, loss: 0.1 },
    ],
  },
  { trial: 4, history: [] },
  { trial: 5, history: [{ accuracy: 0.7, loss: 0.9 }] },
];
const order = (metric: 'accuracy' | 'loss', epochs?: number): number[] =>
  ranked(trials, metric, epochs).map(({ trial }) => trial);

it('trials are ranked by what they had reached at a rung; equals by loss, then by number', () => {
  expect(order('accuracy', 1)).toEqual([3, 5, 2, 1]);
  expect(order('accuracy')).toEqual([1, 3, 5, 2]);
  expect(order('loss')).toEqual([3, 1, 5, 2]);
});

it('the best epoch need not be the last', () => {
  expect(bestOf(trials[2]!, 'accuracy')).toEqual({ accuracy: 0.7, loss: 0.9, epoch: 1 });
  expect(bestOf(trials[2]!, 'loss')).toEqual({ accuracy: 0.6, loss: 0.1, epoch: 2 });
  expect(bestOf({ history: [] }, 'loss')).toBeUndefined();
});
