import { expect, it } from 'vitest';

import type { Predictions } from '../../../../src/data/preparation/cleaning/cross-validation.js';
import { predictInRounds } from '../../../../src/data/preparation/cleaning/second-round.js';

const labels = Uint8Array.from({ length: 100 }, (_, index) => index % 2);
const usable = Int32Array.from(labels.keys());

/** Predictions that contradict the labels of the first images, and agree with all others. */
function contradicting(count: number): Predictions {
  const train = new Float32Array(200);
  labels.forEach((label, index) => {
    const predicted = index < count ? 1 - label : label;
    train[2 * index + predicted] = 0.9;
    train[2 * index + 1 - predicted] = 0.1;
  });
  return { classes: 2, train, test: new Float32Array(0) };
}

it('what many labels contradict is predicted anew by nets that have not learnt from these', async () => {
  const asked: number[][] = [];
  const second = contradicting(12);
  const predictions = await predictInRounds(labels, 2, usable, (learntFrom) => {
    asked.push([...learntFrom]);
    return Promise.resolve(asked.length === 1 ? contradicting(10) : second);
  });
  expect(asked).toEqual([[...usable], [...usable].slice(10)]);
  expect(predictions).toBe(second);
});

it('few wrong labels are worth no second round', async () => {
  let rounds = 0;
  const first = contradicting(3);
  const predictions = await predictInRounds(labels, 2, usable, () => {
    rounds++;
    return Promise.resolve(first);
  });
  expect([rounds, predictions]).toEqual([1, first]);
});
