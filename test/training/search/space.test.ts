import { describe, expect, it } from 'vitest';

import { dimensionSchema, drawSettings, type SearchSpace } from '../../../src/training/search/space.js';

const space: SearchSpace = {
  rate: { min: 1e-4, max: 1, distribution: 'log-uniform' },
  share: { min: 0.2, max: 0.8, distribution: 'uniform' },
  layers: { min: 1, max: 3, distribution: 'integer' },
  width: { min: 1, max: 512, distribution: 'log-integer' },
  rule: ['adam', 'sgd', [1, 2]],
};
const COUNT = 3000;
const drawn = Array.from({ length: COUNT }, (_, trial) => drawSettings(space, 5, trial));
const share = (isWanted: (settings: Record<string, unknown>) => boolean): number =>
  drawn.filter(isWanted).length / COUNT;

describe('what is drawn', () => {
  it('lies within the range, as evenly as it is meant', () => {
    const numbers = (key: string): number[] => drawn.map((settings) => settings[key] as number);
    for (const [key, min, max] of [
      ['rate', 1e-4, 1],
      ['share', 0.2, 0.8],
      ['width', 1, 512],
    ] as const) {
      expect(Math.min(...numbers(key))).toBeGreaterThanOrEqual(min);
      expect(Math.max(...numbers(key))).toBeLessThanOrEqual(max);
    }
    // Half of the logarithms lie below 0.01; three standard deviations of 3,000 tosses are 0.027.
    expect(share(({ rate }) => (rate as number) < 0.01)).toBeCloseTo(0.5, 1);
    expect(share(({ share: value }) => (value as number) < 0.35)).toBeCloseTo(0.25, 1);
    expect(numbers('width').every(Number.isInteger)).toBe(true);
    for (const layers of [1, 2, 3]) expect(share((one) => one['layers'] === layers)).toBeCloseTo(1 / 3, 1);
    expect(share(({ rule }) => Array.isArray(rule))).toBeCloseTo(1 / 3, 1);
  });

  it('depends on the seed and the trial, and not on the other options', () => {
    expect(drawSettings(space, 5, 7)).toEqual(drawn[7]);
    expect(drawSettings(space, 6, 7)).not.toEqual(drawn[7]);
    expect(drawSettings({ rate: space['rate']! }, 5, 7)).toEqual({ rate: drawn[7]!['rate'] });
  });
});

it.each([
  [[], 'must not be empty'],
  [3, 'must be a list of values, or'],
  [{ min: 2, max: 1 }, 'min must be below max'],
  [{ min: 0, max: 1, distribution: 'log-uniform' }, 'must lie above 0'],
  [{ min: 0.5, max: 2, distribution: 'integer' }, 'min and max of an integer range must be integers'],
  [{ min: 0, max: 2, distribution: 'normal' }, 'distribution: '],
])('%j is refused, with the reason', (dimension, reason) => {
  expect(dimensionSchema.safeParse(dimension).error?.issues[0]?.message).toContain(reason);
});
