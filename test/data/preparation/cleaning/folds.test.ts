import { expect, it } from 'vitest';

import { stratifiedFolds } from '../../../../src/data/preparation/cleaning/folds.js';

const labels = Uint8Array.from({ length: 103 }, (_, index) => (index < 60 ? 0 : index < 100 ? 1 : 2));

it('each fold has its share of each class', () => {
  const folds = stratifiedFolds(labels, 4, 1);
  const sizes = [0, 1, 2].map((label) =>
    [0, 1, 2, 3].map((fold) => labels.filter((own, index) => own === label && folds[index] === fold).length),
  );
  expect(sizes.slice(0, 2)).toEqual([
    [15, 15, 15, 15],
    [10, 10, 10, 10],
  ]);
  expect([...sizes[2]!].sort()).toEqual([0, 1, 1, 1]);
});

it('the seed decides, and nothing else', () => {
  expect(stratifiedFolds(labels, 4, 1)).toEqual(stratifiedFolds(labels, 4, 1));
  expect(stratifiedFolds(labels, 4, 1)).not.toEqual(stratifiedFolds(labels, 4, 2));
});
