import { expect, it } from 'vitest';

import type { TensorFlowApi } from '../../../src/tensorflow/c-api/c-api.js';
import { DataType } from '../../../src/tensorflow/c-api/data-types.js';
import { newTensor } from '../../../src/tensorflow/c-api/tensors.js';

it('a tensor that TensorFlow has no memory for is OUT_OF_MEMORY, and given back', () => {
  const deleted: bigint[] = [];
  // TensorFlow returns such a tensor under a limit of the address space.
  const api = {
    TF_AllocateTensor: () => 7n,
    TF_TensorData: () => null,
    TF_DeleteTensor: (tensor: bigint) => deleted.push(tensor),
  } as unknown as TensorFlowApi;
  const tensor = { type: DataType.FLOAT, shape: [2], values: Float32Array.of(1, 2) };
  const refusal = expect.objectContaining({
    code: 'OUT_OF_MEMORY',
    message: 'out of memory: no 8 bytes for a tensor of the shape [2]',
  }) as Error;
  expect(() => newTensor(api, tensor)).toThrow(refusal);
  expect(deleted).toEqual([7n]);
  expect(() => newTensor({ ...api, TF_AllocateTensor: () => null as never }, tensor)).toThrow(refusal);
  expect(deleted).toEqual([7n]);
});
