import {
  RaggedGather,
  RaggedRange,
  RaggedTensorToTensor,
  type RaggedGatherAttrs,
  type RaggedTensorToTensorAttrs,
} from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { attribute } from '../../c-api/graph-builder.js';
import { defineCheckedKernel } from './worded-errors.js';

/** Kernels of rows of different lengths. */
export function registerRaggedKernels(): void {
  defineCheckedKernel(RaggedGather, (call) => {
    const { outputRaggedRank } = call.attributes as RaggedGatherAttrs;
    const splits = call.inputs('paramsNestedSplits');
    const values = call.input('paramsDenseValues');
    const attributes = [
      attribute.type('Tvalues', values.dtype),
      attribute.type('Tindices', DataType.INT32),
      attribute.type('Tsplits', DataType.INT32),
      attribute.integer('PARAMS_RAGGED_RANK', splits.length),
      attribute.integer('OUTPUT_RAGGED_RANK', outputRaggedRank),
    ];
    const inputs = [...splits, values, call.input('indices')];
    return call.runAll('RaggedGather', inputs, attributes, outputRaggedRank + 1);
  });
  defineCheckedKernel(RaggedRange, (call) => {
    const inputs = ['starts', 'limits', 'deltas'].map((name) => call.input(name));
    const attributes = [attribute.type('T', inputs[0]!.dtype), attribute.type('Tsplits', DataType.INT32)];
    return call.runAll('RaggedRange', inputs, attributes, 2);
  });
  defineCheckedKernel(RaggedTensorToTensor, (call) => {
    const { rowPartitionTypes } = call.attributes as RaggedTensorToTensorAttrs;
    const [shape, values, defaultValue] = ['shape', 'values', 'defaultValue'].map((name) => call.input(name));
    const partitions = call.inputs('rowPartitionTensors');
    const attributes = [
      attribute.type('T', values!.dtype),
      attribute.type('Tindex', DataType.INT32),
      attribute.type('Tshape', DataType.INT32),
      attribute.integer('num_row_partition_tensors', partitions.length),
      attribute.texts('row_partition_types', rowPartitionTypes),
    ];
    return call.run('RaggedTensorToTensor', [shape!, values!, defaultValue!, ...partitions], attributes);
  });
}
