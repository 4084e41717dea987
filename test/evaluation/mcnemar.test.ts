import { describe, expect, it } from 'vitest';

import { comparePaired, mcNemarExact } from '../../src/evaluation/mcnemar.js';

/** Twice the lower tail of a fair coin, in whole numbers: Σ C(n, i) / 2ⁿ⁻¹. */
function exact(onlyFirst: number, onlySecond: number): number {
  const tosses = BigInt(onlyFirst + onlySecond);
  let ways = 1n;
  let sum = 0n;
  for (let heads = 0n; heads <= BigInt(Math.min(onlyFirst, onlySecond)); heads++) {
    sum += ways;
    ways = (ways * (tosses - heads)) / (heads + 1n);
  }
  const digits = 10n ** 60n;
  return Math.min(1, Number((2n * sum * digits) / 2n ** tosses) / 1e60);
}

describe('McNemar’s exact test', () => {
  // From Python's fractions.
  it.each([
    [5, 15, 0.04138946533203125],
    [0, 6, 0.03125],
    [7, 7, 1],
    [0, 0, 1],
  ])('%i and %i: p = %d', (first, second, p) => {
    expect(mcNemarExact(first, second)).toBeCloseTo(p, 14);
    expect(mcNemarExact(second, first)).toBeCloseTo(p, 14);
  });

  it.each([
    [121, 59],
    [203, 22],
    [1000, 900],
    [4000, 3900],
  ])('%i and %i agree with whole numbers', (first, second) => {
    expect(mcNemarExact(first, second) / exact(first, second)).toBeCloseTo(1, 9);
  });
});

it('counts the examples on which just one of two is right', () => {
  const labels = Uint8Array.of(1, 1, 1, 1, 1, 1);
  const first = Uint8Array.of(1, 1, 1, 0, 0, 2);
  const second = Uint8Array.of(1, 0, 2, 1, 0, 3);
  expect(comparePaired(labels, first, second)).toEqual({ onlyFirst: 2, onlySecond: 1, pValue: 1 });
});
