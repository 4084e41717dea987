import { describe, expect, it } from 'vitest';

import { judged, testedRate, valley } from '../../src/training/range-test.js';
import { expectClose } from '../support/numbers.js';

/** A loss that stays, falls, and explodes; of 85 rates, as many as the suggestion looks at. */
const bowl = Array.from({ length: 85 }, (_, at) => {
  if (at < 30) return 2.3;
  return at < 65 ? 2.3 - 1.8 * Math.sin((((at - 30) / 35) * Math.PI) / 2) : 0.5 + ((at - 65) / 8) ** 3;
});

describe('the valley', () => {
  // What fastai's own function gives for them, whose code is in its callback/schedule.py.
  it.each<[string, number[], number]>([
    ['a bowl', bowl, 47],
    ['a bowl with noise', bowl.map((loss, at) => Number((loss + 0.05 * Math.sin(7 * at)).toFixed(4))), 45],
    ['a saw', [3, 2.9, 3.1, 2.7, 2.8, 2.5, 2.6, 2.1, 2.2, 1.9, 1.95, 1.5, 4, 5], 7],
    ['a fall', [3, 2, 1], 0],
    ['a dip', [1, 2, 0.5, 3], 0],
  ])('of %s is where fastai finds it', (_, losses, expected) => {
    expect(valley(losses)).toBe(expected);
  });

  it('is nowhere where nothing falls', () => {
    expect(valley([1, 1, 2, 3])).toBeUndefined();
    expect(valley([])).toBeUndefined();
  });
});

describe('a range test', () => {
  it('goes through eight decades of rates, evenly', () => {
    expect(testedRate(0)).toBe(1e-7);
    expect(testedRate(99)).toBeCloseTo(10, 10);
    expectClose([testedRate(40) / testedRate(39)], [testedRate(90) / testedRate(89)], 1e-9);
  });

  it('smooths losses without the part of the zero that it begins with', () => {
    const { rates } = judged([2, 1, 3, 0.5]);
    expectClose(
      rates.map(({ smoothedLoss }) => smoothedLoss),
      [2, 1.4949494949, 2.0068017957, 1.6186100961],
      1e-8,
    );
  });

  it('ends where the smoothed loss is four times its lowest, or is no number', () => {
    const exploding = Array.from({ length: 100 }, (_, at) => (at < 60 ? 2 - at / 60 : 1 + (at - 60) ** 3));
    const { rates, diverged, suggested } = judged(exploding);
    const lowest = Math.min(...rates.map(({ smoothedLoss }) => smoothedLoss));
    expect(diverged).toBe(true);
    expect(rates.at(-1)!.smoothedLoss).toBeGreaterThan(4 * lowest);
    expect(rates.at(-2)!.smoothedLoss).toBeLessThanOrEqual(4 * lowest);
    expect(suggested).toBeGreaterThan(testedRate(10));
    expect(suggested).toBeLessThan(testedRate(60));
    expect(judged([2, 2, NaN, 2])).toMatchObject({ diverged: true, rates: [{ loss: 2 }, { loss: 2 }] });
  });

  it('suggests nothing where no rate lowers the loss, or training ends at once', () => {
    expect(judged(Array.from({ length: 100 }, () => 2)).suggested).toBeNull();
    expect(judged([2, NaN]).suggested).toBeNull();
  });
});
