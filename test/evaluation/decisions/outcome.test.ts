import { expect, it } from 'vitest';

import { plainPolicy } from '../../../src/evaluation/decisions/decide.js';
import { coverageOf, decisionOutcome } from '../../../src/evaluation/decisions/outcome.js';
import { wilsonInterval } from '../../../src/evaluation/wilson.js';

const classNames = ['good', 'bad', 'ugly'];

/** Four images: good, good, bad, bad; the last two are hard to tell. */
const scored = {
  probabilities: Float64Array.of(0.9, 0.1, 0, 0.4, 0.5, 0.1, 0.3, 0.6, 0.1, 0.5, 0.4, 0.1),
  labels: Uint8Array.of(0, 0, 1, 1),
  classes: 3,
};

it('decisions, recall, precision and cost are what one counts by hand', () => {
  const outcome = decisionOutcome(scored, plainPolicy(classNames), { costs: null, abstentionCost: null });
  expect(outcome).toEqual({
    expectedCost: 0.5,
    confusion: [
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 0],
    ],
    abstained: [0, 0, 0],
    perClass: [
      ...['good', 'bad'].map((name) => ({
        ...{ name, support: 2, recall: 0.5, precision: 0.5 },
        ...{ recallInterval: wilsonInterval(1, 2), precisionInterval: wilsonInterval(1, 2) },
      })),
      {
        name: 'ugly',
        support: 0,
        recall: null,
        precision: null,
        recallInterval: null,
        precisionInterval: null,
      },
    ],
  });
  expect(coverageOf(outcome)).toEqual({ coverage: 1, accuracy: 0.5 });
});

it('images that are sent to a person are not found, and cost what is asked for them', () => {
  const policy = { ...plainPolicy(classNames), thresholds: [0.8, 0.55, 0] };
  const costs = [
    [0, 1, 1],
    [10, 0, 1],
    [1, 1, 0],
  ];
  const outcome = decisionOutcome(scored, policy, { costs, abstentionCost: 0.5 });
  expect(outcome.confusion.slice(0, 2)).toEqual([
    [1, 0, 0],
    [0, 1, 0],
  ]);
  expect(outcome.abstained).toEqual([1, 1, 0]);
  expect(outcome.expectedCost).toBe((0 + 0.5 + 0 + 0.5) / 4);
  expect(outcome.perClass[1]).toMatchObject({ recall: 0.5, precision: 1, support: 2 });
  expect(coverageOf(outcome)).toEqual({ coverage: 0.5, accuracy: 1 });
  // The last image, bad, is the likeliest good.
  expect(decisionOutcome(scored, plainPolicy(classNames), { costs, abstentionCost: null }).expectedCost).toBe(
    11 / 4,
  );
});
