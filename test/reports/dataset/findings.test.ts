import { expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { findingsOf, findingsOfChecks } from '../../../src/reports/dataset/findings.js';

it('what the examination of today writes', () => {
  const findings = findingsOf({
    dataset: 'mine',
    classNames: ['a'],
    counts: { training: [1], validation: [0], test: [1] },
    constantImages: { train: [4], test: [] },
    duplicates: { train: [[1, 2, 3]], test: [[0, 9]] },
    leakedTestImages: [7, 8],
  });
  expect(findings.map(({ key, count }) => [key, count])).toEqual([
    ['constantImages', 1],
    ['duplicates', 2],
    ['leakedTestImages', 2],
  ]);
  expect(findings[1]?.examples).toEqual([
    [1, 2, 3].map((index) => ({ file: 'train', index })),
    [0, 9].map((index) => ({ file: 'test', index })),
  ]);
  expect(findings[2]?.examples[0]).toEqual([{ file: 'test', index: 7 }]);
});

it('what checks of tomorrow may write: objects, pairs, and keys without a title', () => {
  const findings = findingsOf({
    outliers: [{ file: 'test', index: 3, score: 9.5 }],
    nearDuplicates: [{ train: 12, test: 40, distance: 0.01 }],
    oddShadows: [{ split: 'validation', position: 5 }, 'no idea'],
  });
  expect(findings[0]?.examples).toEqual([[{ file: 'test', index: 3 }]]);
  expect(findings[1]?.examples).toEqual([
    [
      { file: 'train', index: 12 },
      { file: 'test', index: 40 },
    ],
  ]);
  expect(findings[2]).toEqual({
    key: 'oddShadows',
    title: 'Odd shadows',
    count: 2,
    examples: [[{ file: 'train', index: 5 }]],
  });
});

it('a report of thousands keeps a dozen examples, and nonsense gives nothing or something, but no failure', () => {
  const many = findingsOf({ outliers: Array.from({ length: 5000 }, (_, index) => index) });
  expect(many[0]?.count).toBe(5000);
  expect(many[0]?.examples).toHaveLength(12);
  const random = new Random(1, 'nonsense');
  const nonsense = (depth: number): unknown =>
    [
      null,
      -1.5,
      'text',
      3,
      depth > 0 ? [nonsense(depth - 1)] : [],
      { a: depth > 0 ? nonsense(depth - 1) : 1 },
    ][random.integer(6)];
  for (let round = 0; round < 500; round++) {
    const value = nonsense(4);
    for (const { count } of findingsOf({ value })) expect(count).toBeGreaterThanOrEqual(0);
    expect(findingsOf(value)).toBeInstanceOf(Array);
  }
});

it('what the checks of preprocess found: by check, with pictures only where positions are still those of the raw files', () => {
  const records = [
    {
      check: 'near-duplicates',
      action: 'none',
      split: 'test',
      index: 4,
      other: { split: 'train', index: 9 },
    },
    { check: 'outliers', action: 'none', split: 'train', index: 3, score: 7 },
    { check: 'outliers', action: 'none', split: 'train', index: 5, score: 6 },
  ];
  const lines = (list: object[]): string => list.map((record) => `${JSON.stringify(record)}\n`).join('');
  const found = findingsOfChecks(`${lines(records)}not JSON\n`);
  expect(found.map(({ key, count }) => [key, count])).toEqual([
    ['near-duplicates', 1],
    ['outliers', 2],
  ]);
  expect(found[0]?.examples).toEqual([
    [
      { file: 'test', index: 4 },
      { file: 'train', index: 9 },
    ],
  ]);
  const dropped = findingsOfChecks(
    lines([...records, { check: 'outliers', action: 'drop', split: 'train', index: 1 }]),
  );
  expect(dropped[1]).toMatchObject({ count: 3, examples: [] });
});
