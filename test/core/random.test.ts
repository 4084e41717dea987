import { describe, expect, it } from 'vitest';

import { Random } from '../../src/core/random.js';

const MASK = 2n ** 32n - 1n;

/** xoshiro128**, written from the paper with integers that cannot overflow. */
function* reference(seed: readonly number[]): Generator<number> {
  const s = seed.map(BigInt) as [bigint, bigint, bigint, bigint];
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & MASK;
  for (;;) {
    yield Number((rotate((s[1] * 5n) & MASK, 7n) * 9n) & MASK);
    const t = (s[1] << 9n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11n);
  }
}

const take = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

/** Pearson's statistic against equal frequencies; its mean is the number of cells − 1, its variance twice that. */
function chiSquared(values: readonly number[], cells: number): number {
  const counts = new Array<number>(cells).fill(0);
  for (const value of values) counts[value]! += 1;
  const expected = values.length / cells;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('bits', () => {
  it('are those of the published generator', () => {
    const random = Random.fromState([1, 2, 3, 4]);
    // The first ten outputs of the authors' xoshiro128starstar.c (version 1.1) from this state.
    expect(take(10, () => random.bits())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it.each([[[1, 2, 3, 4]], [[0xffffffff, 0, 0x80000000, 7]], [[0xdeadbeef, 0x12345678, 0x9abcdef0, 1]]])(
    'agree with an independent implementation from the state %j',
    (state) => {
      const random = Random.fromState(state as [number, number, number, number]);
      const expected = reference(state);
      for (let draw = 0; draw < 5000; draw++) expect(random.bits()).toBe(expected.next().value);
    },
  );
});

describe('uniform', () => {
  it('lies in [0, 1), evenly', () => {
    const random = new Random(7, 'test');
    const values = take(200_000, () => random.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const cells = values.map((value) => Math.floor(value * 100));
    expect(chiSquared(cells, 100)).toBeLessThan(99 + 5 * Math.sqrt(2 * 99));
  });

  it('has 53 random bits', () => {
    const random = new Random(7, 'test');
    const lowest = take(1000, () => (random.uniform() * 2 ** 53) % 2);
    expect(lowest.filter((bit) => bit === 1).length).toBeGreaterThan(400);
  });
});

describe('integer', () => {
  it('is unbiased where the limit does not divide 2³²', () => {
    // With a plain remainder, three quarters of 2³² would make the lower third of the results twice as likely.
    const limit = 3 * 2 ** 30;
    const random = new Random(3, 'test');
    const thirds = take(60_000, () => Math.floor(random.integer(limit) / 2 ** 30));
    expect(chiSquared(thirds, 3)).toBeLessThan(2 + 8 * Math.sqrt(4));
  });

  it.each([1, 2, 7, 10, 1000])('covers 0 to %i − 1 and nothing else', (limit) => {
    const random = new Random(3, 'test');
    const seen = new Set(take(limit * 20, () => random.integer(limit)));
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: limit }, (_, value) => value));
  });

  it('takes the largest limit', () => {
    const random = Random.fromState([1, 2, 3, 4]);
    expect(random.integer(2 ** 32)).toBe(11520);
  });
});

describe('shuffle', () => {
  it('gives a permutation, another one each time', () => {
    const sorted = Int32Array.from({ length: 1000 }, (_, index) => index);
    const random = new Random(5, 'test');
    const [first, second] = [random.shuffle(sorted.slice()), random.shuffle(sorted.slice())];
    expect(first).not.toEqual(second);
    expect(first).not.toEqual(sorted);
    expect(first.slice().sort()).toEqual(sorted);
    expect(second.slice().sort()).toEqual(sorted);
  });

  it('gives each of the orders of four elements equally often', () => {
    const random = new Random(5, 'test');
    const orders = new Map<string, number>();
    const drawn = take(24_000, () => {
      const order = random.shuffle(Int32Array.of(0, 1, 2, 3)).join('');
      if (!orders.has(order)) orders.set(order, orders.size);
      return orders.get(order)!;
    });
    expect(orders.size).toBe(24);
    expect(chiSquared(drawn, 24)).toBeLessThan(23 + 5 * Math.sqrt(46));
  });

  it('leaves nothing and a single element alone', () => {
    const random = new Random(5, 'test');
    expect([...random.shuffle(new Int32Array(0))]).toEqual([]);
    expect([...random.shuffle(Int32Array.of(9))]).toEqual([9]);
  });
});

describe('streams', () => {
  const draw = (seed: number, purpose: string, index?: number): string => {
    const random = new Random(seed, purpose, index);
    return take(8, () => random.bits()).join();
  };

  it('repeat by name', () => {
    expect(draw(1, 'shuffle', 7)).toBe(draw(1, 'shuffle', 7));
    expect(draw(1, 'shuffle')).toBe(draw(1, 'shuffle', 0));
  });

  it('differ by seed, purpose and index', () => {
    const streams = [1, 2, 11].flatMap((seed) =>
      ['shuffle', 'split', '1'].flatMap((purpose) => [0, 1, 11].map((index) => draw(seed, purpose, index))),
    );
    expect(new Set(streams).size).toBe(27);
  });

  it('are not correlated', () => {
    const [a, b] = [new Random(1, 'shuffle', 0), new Random(1, 'shuffle', 1)];
    const count = 100_000;
    const products = take(count, () => (a.uniform() - 0.5) * (b.uniform() - 0.5));
    const correlation = (12 * products.reduce((sum, value) => sum + value, 0)) / count;
    expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(count));
  });
});

it('uniformArray stays within its limit and reaches towards both ends', () => {
  const values = new Random(1, 'test').uniformArray(10_000, 0.25);
  expect(Math.max(...values)).toBeLessThanOrEqual(0.25);
  expect(Math.max(...values)).toBeGreaterThan(0.249);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.25);
  expect(Math.min(...values)).toBeLessThan(-0.249);
});

it('normalArray has the moments of a normal distribution', () => {
  const count = 100_000;
  const values = new Random(1, 'test').normalArray(count, 2);
  const moment = (power: number): number =>
    values.reduce((sum, value) => sum + (value / 2) ** power, 0) / count;
  expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(count));
  expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
  expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / count));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
});
