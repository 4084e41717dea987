import { expect, it } from 'vitest';

import { shardingOf } from '../../../src/engine/sharding/sharding.js';
import { DataType } from '../../../src/tensorflow/c-api/data-types.js';
import type { HostTensor } from '../../../src/tensorflow/c-api/tensors.js';
import type { RecordedOperation } from '../../../src/tensorflow/backend/recording-binding.js';

const BATCH = 100;

function operation(
  name: string,
  inputShapes: number[][],
  output: number[],
  transposed = false,
): RecordedOperation {
  return {
    name,
    attributes: [{ name: 'transpose_a', type: 3, value: transposed }],
    inputs: inputShapes.map((_, index) => index),
    inputShapes,
    inputTypes: inputShapes.map(() => 1),
    outputs: [{ id: 9, shape: output, dtype: 1 }],
    changes: 0,
  };
}

/** The sharding, and the inputs of which each shard takes its rows. */
function sharded(given: RecordedOperation, inRows: readonly number[]): [string, number[]] {
  const found = shardingOf(given, BATCH, (input) => inRows.includes(input));
  return [found?.sharding ?? 'whole', given.inputs.filter((_, input) => found?.inputs[input] === 'rows')];
}

it('a product is cut by the rows of its first factor', () => {
  expect(
    sharded(
      operation(
        'MatMul',
        [
          [100, 784],
          [784, 128],
        ],
        [100, 128],
      ),
      [],
    ),
  ).toEqual(['rows', [0]]);
  expect(
    sharded(
      operation(
        'MatMul',
        [
          [784, 100],
          [100, 128],
        ],
        [784, 128],
      ),
      [],
    ),
  ).toEqual(['whole', []]);
});

it('a product of transposed rows is a sum over the shards', () => {
  const gradient = operation(
    'MatMul',
    [
      [100, 784],
      [100, 128],
    ],
    [784, 128],
    true,
  );
  expect(sharded(gradient, [1])).toEqual(['terms', [0, 1]]);
  expect(sharded(gradient, [])).toEqual(['whole', []]);
});

it('a bias of as many numbers as the batch has rows is no batch', () => {
  expect(sharded(operation('BiasAdd', [[100, 100], [100]], [100, 100]), [0])).toEqual(['rows', [0]]);
  expect(sharded(operation('AddV2', [[100, 100], [100]], [100, 100]), [0])).toEqual(['rows', [0]]);
  expect(
    sharded(
      operation(
        'Mul',
        [
          [100, 1],
          [100, 100],
        ],
        [100, 100],
      ),
      [1],
    ),
  ).toEqual(['rows', [0, 1]]);
  expect(sharded(operation('Mul', [[], [100, 10]], [100, 10]), [1])).toEqual(['rows', [1]]);
});

it('what is not known to be safe, or has nothing in shards, stays whole', () => {
  expect(sharded(operation('Relu', [[100, 10]], [100, 10]), [])).toEqual(['whole', []]);
  expect(sharded(operation('Cumsum', [[100, 10]], [100, 10]), [0])).toEqual(['whole', []]);
  expect(sharded(operation('Mean', [[100, 10], [1]], [10]), [0])).toEqual(['whole', []]);
  expect(sharded(operation('Mul', [[100], [10, 100]], [10, 100]), [0])).toEqual(['whole', []]);
});

it('convolutions and pooling are cut by images, their shapes with them, and the filter’s gradient is a sum', () => {
  const kinds = (given: RecordedOperation, inRows: readonly number[]): unknown =>
    shardingOf(given, BATCH, (input) => inRows.includes(input));
  expect(
    kinds(
      operation(
        'Conv2D',
        [
          [100, 28, 28, 1],
          [3, 3, 1, 32],
        ],
        [100, 26, 26, 32],
      ),
      [],
    ),
  ).toEqual({
    sharding: 'rows',
    inputs: ['rows', 'whole'],
  });
  const filterGradient = operation(
    'Conv2DBackpropFilter',
    [[100, 28, 28, 1], [4], [100, 26, 26, 32]],
    [3, 3, 1, 32],
  );
  expect(kinds(filterGradient, [2])).toEqual({ sharding: 'terms', inputs: ['rows', 'whole', 'rows'] });
  const inputGradient = operation(
    'Conv2DBackpropInput',
    [[4], [3, 3, 32, 64], [100, 24, 24, 64]],
    [100, 26, 26, 32],
  );
  expect(kinds(inputGradient, [2])).toEqual({ sharding: 'rows', inputs: ['shape', 'whole', 'rows'] });
  const flat = operation('Reshape', [[100, 12, 12, 64], [2]], [100, 9216]);
  expect(kinds(flat, [0])).toEqual({ sharding: 'rows', inputs: ['rows', 'shape'] });
  expect(kinds(operation('Reshape', [[100, 12], [2]], [12, 100]), [0])).toBeUndefined();
});

/** What is made of an operation of which the first input comes in rows, and the others are constants. */
function alongAxes(
  given: RecordedOperation,
  constants: Record<number, number[]> = {},
): ReturnType<typeof shardingOf> {
  const constant = (input: number): HostTensor | undefined => {
    const values = constants[input];
    return values && { type: DataType.INT32, shape: [values.length], values: Int32Array.from(values) };
  };
  return shardingOf(given, BATCH, (input) => constants[input] === undefined, constant);
}

it('the tokens of an example stay with it', () => {
  const product = operation(
    'MatMul',
    [
      [1600, 64],
      [64, 128],
    ],
    [1600, 128],
  );
  expect(sharded(product, [0])).toEqual(['rows', [0]]);
  expect(sharded(operation('BiasAddGrad', [[1600, 64]], [64]), [0])).toEqual(['terms', [0]]);
  const folded = operation('Reshape', [[1600, 64], [3]], [100, 16, 64]);
  expect(alongAxes(folded, { 1: [100, 16, 64] })).toEqual({ sharding: 'rows', inputs: ['rows', 'shape'] });
  // 150 is no multiple of 100: a row of it would belong to two examples.
  expect(sharded(operation('Relu', [[150, 64]], [150, 64]), [0])).toEqual(['whole', []]);
});

it('an operation along axes is cut where these are known, and the first is none of them', () => {
  const ROWS = { sharding: 'rows', inputs: ['rows', 'whole'] };
  const turned = operation('Transpose', [[100, 16, 4, 8], [4]], [100, 4, 16, 8]);
  expect(alongAxes(turned, { 1: [0, 2, 1, 3] })).toEqual(ROWS);
  expect(alongAxes(turned, { 1: [1, 0, 2, 3] })).toBeUndefined();
  expect(alongAxes(turned)).toBeUndefined();

  const averaged = operation('Mean', [[100, 16, 64], [1]], [100, 64]);
  expect(alongAxes(averaged, { 1: [1] })).toEqual(ROWS);
  expect(alongAxes(operation('Mean', [[100, 100], [1]], [100]), { 1: [0] })).toBeUndefined();
  expect(alongAxes(operation('Sum', [[100, 100], [1]], [100]), { 1: [1] })).toEqual(ROWS);
  expect(alongAxes(operation('Sum', [[100, 16, 64], [1]], [16, 64]), { 1: [0] })).toEqual({
    ...ROWS,
    sharding: 'terms',
  });

  const first = operation('Slice', [[100, 16, 64], [3], [3]], [100, 1, 64]);
  expect(alongAxes(first, { 1: [0, 0, 0], 2: [100, 1, 64] })).toEqual({
    sharding: 'rows',
    inputs: ['rows', 'whole', 'shape'],
  });
  const half = operation('Slice', [[200, 16, 64], [3], [3]], [100, 16, 64]);
  expect(alongAxes(half, { 1: [0, 0, 0], 2: [100, 16, 64] })).toBeUndefined();
  const joined = operation('ConcatV2', [[100, 8], [100, 8], []], [100, 16]);
  expect(alongAxes(joined, { 2: [1] })).toEqual({ sharding: 'rows', inputs: ['rows', 'rows', 'whole'] });
  expect(alongAxes(operation('ConcatV2', [[100, 8], [100, 8], []], [200, 8]), { 2: [0] })).toBeUndefined();
  const filled = operation('PadV2', [[100, 16, 8], [3, 2], []], [100, 17, 8]);
  expect(alongAxes(filled, { 1: [0, 0, 1, 0, 0, 0], 2: [0] })?.inputs).toEqual(['rows', 'whole', 'whole']);
  expect(alongAxes(filled, { 1: [100, 0, 0, 0, 0, 0], 2: [0] })).toBeUndefined();
  const gathered = operation('GatherV2', [[100, 49, 8], [36], []], [100, 36, 8]);
  expect(alongAxes(gathered, { 2: [1] })?.inputs).toEqual(['rows', 'whole', 'whole']);
  expect(alongAxes(gathered, { 2: [0] })).toBeUndefined();
  expect(alongAxes(gathered)).toBeUndefined();
});
