import { expect, test } from 'vitest';

import { fittingThreads, multiplications } from '../../src/engine/work.js';
import type { RecordedOperation } from '../../src/tensorflow/recording-binding.js';

function operation(
  name: string,
  inputShapes: number[][],
  output: number[],
  attributes: Record<string, unknown> = {},
): RecordedOperation {
  return {
    name,
    attributes: Object.entries(attributes).map(([key, value]) => ({ name: key, type: 0, value })),
    inputs: inputShapes.map((_, index) => index),
    inputShapes,
    outputs: [{ id: 9, shape: output, dtype: 1 }],
    changes: 0,
  };
}

test.each([
  [
    'a · b',
    operation(
      'MatMul',
      [
        [100, 784],
        [784, 128],
      ],
      [100, 128],
    ),
    100 * 784 * 128,
  ],
  [
    'aᵀ · b',
    operation(
      'MatMul',
      [
        [100, 784],
        [100, 128],
      ],
      [784, 128],
      { transpose_a: true },
    ),
    784 * 100 * 128,
  ],
  [
    'many a · b',
    operation(
      'BatchMatMulV2',
      [
        [5, 2, 3],
        [5, 3, 4],
      ],
      [5, 2, 4],
    ),
    5 * 2 * 3 * 4,
  ],
  [
    'convolution',
    operation(
      'Conv2D',
      [
        [8, 28, 28, 1],
        [3, 3, 1, 32],
      ],
      [8, 26, 26, 32],
    ),
    8 * 26 * 26 * 32 * 9,
  ],
  [
    'its gradient by the input',
    operation('Conv2DBackpropInput', [[4], [3, 3, 16, 32], [8, 26, 26, 32]], [8, 28, 28, 16]),
    8 * 26 * 26 * 32 * 9 * 16,
  ],
  [
    'its gradient by the filter',
    operation('Conv2DBackpropFilter', [[8, 28, 28, 16], [4], [8, 26, 26, 32]], [3, 3, 16, 32]),
    8 * 26 * 26 * 32 * 9 * 16,
  ],
  [
    'a sum',
    operation(
      'AddV2',
      [
        [1000, 1000],
        [1000, 1000],
      ],
      [1000, 1000],
    ),
    0,
  ],
])('multiplications of %s', (_name, recorded, expected) => {
  expect(multiplications([recorded])).toBe(expected);
  expect(multiplications([recorded, recorded])).toBe(2 * expected);
});

test('the threads follow from the size of a whole step', () => {
  const small = [
    operation(
      'MatMul',
      [
        [100, 784],
        [784, 128],
      ],
      [100, 128],
    ),
  ];
  expect(fittingThreads(small, 1, 8)).toBe(1);
  expect(fittingThreads(small, 100, 8)).toBe(8);
});
