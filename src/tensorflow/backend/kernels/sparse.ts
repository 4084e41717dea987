import {
  SparseFillEmptyRows,
  SparseReshape,
  SparseSegmentMean,
  SparseSegmentSum,
} from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { attribute } from '../../c-api/graph-builder.js';
import { improveKernel, type KernelCall, type Value } from './kernel-call.js';
import { defineCheckedKernel } from './worded-errors.js';

/** Kernels of sparse tensors: coordinates and values. TensorFlow's coordinates are 64-bit integers. */
export function registerSparseKernels(): void {
  defineCheckedKernel(SparseFillEmptyRows, (call) => {
    const values = call.input('values');
    const inputs = [wide(call, 'indices'), values, wide(call, 'denseShape'), call.input('defaultValue')];
    const attributes = [attribute.type('T', values.dtype)];
    const [indices, filled, isEmpty, reverse] = call.runAll('SparseFillEmptyRows', inputs, attributes, 4);
    return [call.cast(indices!, DataType.INT32), filled!, isEmpty!, call.cast(reverse!, DataType.INT32)];
  });
  defineCheckedKernel(SparseReshape, (call) => {
    const inputs = [wide(call, 'inputIndices'), wide(call, 'inputShape'), wide(call, 'newShape')];
    const outputs = call.runAll('SparseReshape', inputs, [], 2);
    return outputs.map((output) => call.cast(output, DataType.INT32));
  });
  for (const operation of [SparseSegmentMean, SparseSegmentSum]) {
    defineCheckedKernel(operation, (call) => {
      const inputs = ['data', 'indices', 'segmentIds'].map((name) => call.input(name));
      const attributes = [
        attribute.type('T', inputs[0]!.dtype),
        attribute.type('Tidx', DataType.INT32),
        attribute.type('Tsegmentids', DataType.INT32),
      ];
      return call.run(operation, inputs, attributes);
    });
  }
  // TensorFlow takes no mean of integers.
  improveKernel(SparseSegmentMean, ({ inputs }) => {
    if (inputs['data']!.dtype !== 'int32') return undefined;
    return (call) => {
      const data = call.cast(call.input('data'), DataType.FLOAT);
      const mean = call.run(SparseSegmentMean, [data, call.input('indices'), call.input('segmentIds')]);
      return call.cast(mean, DataType.INT32);
    };
  });
}

function wide(call: KernelCall, name: string): Value {
  return call.cast(call.input(name), DataType.INT64);
}
