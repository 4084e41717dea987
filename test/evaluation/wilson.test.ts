import { expect, it } from 'vitest';

import { wilsonInterval } from '../../src/evaluation/wilson.js';

// scipy 1.17.1: binomtest(times, cases).proportion_ci(method="wilson")
it.each([
  [0, 10, 0, 0.27753279986288926],
  [5, 5, 0.5655175352168251, 1],
  [49, 50, 0.8950455641036218, 0.9964607407283538],
  [12, 50, 0.1429739139699173, 0.3741268375794292],
  [990, 1000, 0.9816905311296852, 0.9945592455544706],
])('%i of %i are between %f and %f, as scipy has it', (times, cases, low, high) => {
  const interval = wilsonInterval(times, cases);
  expect(interval.low).toBeCloseTo(low, 12);
  expect(interval.high).toBeCloseTo(high, 12);
});

it('without cases nothing is known', () => {
  expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
});
