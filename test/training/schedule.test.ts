import { describe, expect, it } from 'vitest';

import { scheduledRate, scheduleNames } from '../../src/training/schedule.js';

describe('scheduledRate', () => {
  const ratesOf = (name: (typeof scheduleNames)[number]): number[] =>
    [0, 25, 50, 75, 100].map((step) => scheduledRate(name, 0.2, step, 100));

  it('keeps the rate', () => {
    expect(ratesOf('constant')).toEqual([0.2, 0.2, 0.2, 0.2, 0.2]);
  });

  it('falls in a straight line', () => {
    ratesOf('linear').forEach((rate, index) => {
      expect(rate).toBeCloseTo([0.2, 0.15, 0.1, 0.05, 0][index]!, 15);
    });
  });

  it('falls along half a cosine wave', () => {
    // (1 + cos 45°) / 2 = (2 + √2) / 4
    const quarter = (2 + Math.SQRT2) / 4;
    ratesOf('cosine').forEach((rate, index) => {
      expect(rate).toBeCloseTo([0.2, 0.2 * quarter, 0.1, 0.2 * (1 - quarter), 0][index]!, 15);
    });
  });

  it.each(scheduleNames)('%s begins with the full rate and never rises, nor ends', (name) => {
    const rates = Array.from({ length: 37 }, (_, step) => scheduledRate(name, 0.1, step, 37));
    expect(rates[0]).toBe(0.1);
    rates.slice(1).forEach((rate, index) => {
      expect(rate).toBeLessThanOrEqual(rates[index]!);
      expect(rate).toBeGreaterThan(0);
    });
  });
});
