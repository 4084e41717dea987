import { describe, expect, it } from 'vitest';

import {
  featuresOf,
  interpolated,
  roundsOfExchange,
  roundsOfSum,
  stepTime,
} from '../../bench/workers/scaling/cost.js';
import { fitCosts, fitRelative } from '../../bench/workers/scaling/least-squares.js';

const costs = { round: 0.1, message: 0.01, perWireMs: 1 };
const fast = { bitsPerSecond: 8e9, burstBytes: 0 };

describe('the cost of a sum', () => {
  it('is that of whole vectors between two workers, and of parts between more', () => {
    expect(roundsOfSum(1_000_000, 2)).toEqual([{ messages: 1, bytes: 4_000_000 }]);
    // A reduce-scatter and an all-gather: a quarter to each of three.
    const part = { messages: 3, bytes: 3_000_000 };
    expect(roundsOfSum(1_000_000, 4)).toEqual([part, part]);
    expect(roundsOfSum(64, 4)).toEqual([{ messages: 3, bytes: 768 }]);
  });

  it('is counted in rounds, messages, and milliseconds after the burst', () => {
    const rounds = roundsOfSum(1_000_000, 4);
    expect(featuresOf(rounds, { bitsPerSecond: 8e6, burstBytes: 0 })).toEqual([2, 6, 6000]);
    expect(featuresOf(rounds, { bitsPerSecond: 8e6, burstBytes: 1_000_000 })).toEqual([2, 6, 4000]);
  });

  it('has rows in its first round', () => {
    expect(roundsOfExchange({ floats: 0, rowBytes: 0 }, 4)).toEqual([]);
    expect(roundsOfExchange({ floats: 0, rowBytes: 10 }, 4)).toEqual([{ messages: 3, bytes: 30 }]);
    expect(roundsOfExchange({ floats: 64, rowBytes: 10 }, 4)).toEqual([{ messages: 3, bytes: 798 }]);
  });
});

it('a step is computing, exchanges, and a part of an agreement', () => {
  expect(stepTime(5, [{ floats: 1_000_000, rowBytes: 0 }], 1, fast, costs)).toBe(5);
  // 8 Gbit/s are 1,000,000 bytes a millisecond: 5 + (0.1 + 0.01 + 4), of which six are a slice; an agreement takes 4·(0.1 + 0.01).
  const two = stepTime(5, [{ floats: 1_000_000, rowBytes: 0 }], 2, fast, costs);
  expect(two).toBeCloseTo(9.11 + 0.44 / 6, 10);
});

it('times between measurements lie on straight lines', () => {
  const points = [[1, 2] as const, [4, 5] as const, [8, 13] as const];
  expect([1, 2, 6, 8, 16].map((size) => interpolated(points, size))).toEqual([2, 3, 9, 13, 29]);
});

describe('the fit', () => {
  const rows = [
    [1, 1, 0.1],
    [1, 3, 5],
    [2, 6, 10],
    [2, 4, 700],
  ];

  it('finds the coefficients of exact values', () => {
    const values = rows.map(([a = 0, b = 0, c = 0]) => 0.3 * a + 0.02 * b + 1.05 * c);
    const found = fitRelative(rows, values);
    [0.3, 0.02, 1.05].forEach((wanted, at) => {
      expect(found[at]).toBeCloseTo(wanted, 8);
    });
  });

  it('counts errors as shares: of 1 measured as 1.1 and 100 measured as 100 the former is further off', () => {
    // Minimises (1 − c/1.1)² + (1 − 100c/100)².
    expect(fitRelative([[1], [100]], [1.1, 100])[0]).toBeCloseTo((1 / 1.1 + 1) / (1 / 1.21 + 1), 12);
  });

  it('has no costs below 0', () => {
    const exact = rows.map(([a = 0, b = 0, c = 0]) => 0.3 * a + 0.02 * b + 1.05 * c);
    expect(fitCosts(rows, exact)[1]).toBeCloseTo(0.02, 8);
    const [first, second] = fitCosts(
      [
        [1, 1],
        [1, 2],
        [1, 3],
      ],
      [3, 2, 1],
    );
    expect(second).toBe(0);
    // The relative fit of a constant: Σ 1/v ÷ Σ 1/v².
    expect(first).toBeCloseTo((1 / 3 + 1 / 2 + 1) / (1 / 9 + 1 / 4 + 1), 12);
  });

  it('says where features are not told apart', () => {
    expect(() =>
      fitRelative(
        [
          [1, 2],
          [2, 4],
          [3, 6],
        ],
        [1, 2, 3],
      ),
    ).toThrow('tell the coefficients apart');
  });
});
