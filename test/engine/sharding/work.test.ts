import { expect, it } from 'vitest';

import { multiplications, planCores } from '../../../src/engine/sharding/work.js';
import type { RecordedOperation } from '../../../src/tensorflow/backend/recording-binding.js';
import type { NodeAttribute } from '../../../src/tensorflow/c-api/graph-builder.js';

function operation(
  name: string,
  inputShapes: number[][],
  output: number[],
  attributes: Record<string, NodeAttribute['value']> = {},
): RecordedOperation {
  return {
    name,
    attributes: Object.entries(attributes).map(([key, value]) => ({ name: key, type: 0, value })),
    inputs: inputShapes.map((_, index) => index),
    inputShapes,
    inputTypes: inputShapes.map(() => 1),
    outputs: [{ id: 9, shape: output, dtype: 1 }],
    changes: 0,
  };
}

it.each([
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

const product = (rows: number): RecordedOperation =>
  operation(
    'MatMul',
    [
      [rows, 784],
      [784, 128],
    ],
    [rows, 128],
  );

it('batches are cut for the cores, or kernels share them', () => {
  const batch = { size: 100, fullSize: 100 };
  // 10 million multiplications are enough for one core, 20 million for two.
  expect(planCores([product(100)], batch, 8)).toEqual({ threads: 1, schedulingThreads: 1, shards: 1 });
  expect(planCores([product(100), product(100)], batch, 8)).toEqual({
    threads: 1,
    schedulingThreads: 2,
    shards: 2,
  });
  const large = new Array<RecordedOperation>(20).fill(product(100));
  expect(planCores(large, batch, 1)).toEqual({ threads: 1, schedulingThreads: 1, shards: 1 });
  expect(planCores(large, batch, 2)).toEqual({ threads: 1, schedulingThreads: 2, shards: 2 });
  // A batch of 100 cannot be cut for eight cores into shards of 20 rows or more.
  expect(planCores(large, batch, 8)).toEqual({ threads: 8, schedulingThreads: 8, shards: 1 });
});

it('a plan is made for whole batches, of which each shard gets as much', () => {
  const operations = [product(10), product(10)];
  expect(planCores(operations, { size: 10, fullSize: 100 }, 2).shards).toBe(2);
  expect(planCores(operations, { size: 10, fullSize: 101 }, 2).shards).toBe(1);
  expect(planCores(operations, { size: 10, fullSize: 102 }, 1).shards).toBe(1);
});

it('a step that looks at the whole batch at once is not cut', () => {
  const filters = operation(
    'Conv2D',
    [
      [100, 28, 28, 16],
      [3, 3, 16, 16],
    ],
    [100, 28, 28, 16],
  );
  const normalization = operation('FusedBatchNormV3', [[100, 28, 28, 16]], [100, 28, 28, 16]);
  const size = { size: 100, fullSize: 100 };
  expect(planCores([filters], size, 2).shards).toBeGreaterThan(1);
  expect(planCores([filters, normalization], size, 2)).toEqual({
    threads: 2,
    schedulingThreads: 2,
    shards: 1,
  });
});
