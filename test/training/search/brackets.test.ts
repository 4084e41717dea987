import { expect, it } from 'vitest';

import { planBrackets } from '../../../src/training/search/brackets.js';

const plan = { trials: undefined, minEpochs: 1, maxEpochs: 81, reductionFactor: 3 };

it('Hyperband has the brackets of table 1 of Li et al. (2018), R = 81 and η = 3', () => {
  const brackets = planBrackets({ ...plan, strategy: 'hyperband' });
  const table = [
    ['81×1', '27×3', '9×9', '3×27', '1×81'],
    ['34×3', '11×9', '3×27', '1×81'],
    ['15×9', '5×27', '1×81'],
    ['8×27', '2×81'],
    ['5×81'],
  ];
  expect(brackets.map((rungs) => rungs.map(({ trials, epochs }) => `${trials}×${epochs}`))).toEqual(table);
});

it('successive halving leaves one in η, and the last one gets all epochs', () => {
  const halving = (trials: number, maxEpochs: number, reductionFactor: number): unknown =>
    planBrackets({ ...plan, strategy: 'successive-halving', trials, maxEpochs, reductionFactor });
  expect(halving(16, 8, 2)).toEqual([
    [
      { trials: 16, epochs: 1 },
      { trials: 8, epochs: 2 },
      { trials: 4, epochs: 4 },
      { trials: 2, epochs: 8 },
    ],
  ]);
  expect(halving(3, 81, 3)).toEqual([
    [
      { trials: 3, epochs: 1 },
      { trials: 1, epochs: 81 },
    ],
  ]);
  expect(halving(5, 1, 3)).toEqual([[{ trials: 5, epochs: 1 }]]);
});

it('random search trains every trial to its end', () => {
  expect(planBrackets({ ...plan, strategy: 'random', trials: 7 })).toEqual([[{ trials: 7, epochs: 81 }]]);
});
