import {
  DenseBincount,
  LowerBound,
  SearchSorted,
  UpperBound,
  type DenseBincountAttrs,
  type SearchSortedAttrs,
} from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { attribute } from '../../c-api/graph-builder.js';
import { defineKernel, type KernelCall, type Value } from './kernel-call.js';

/** Kernels that count values, or look for their places. */
export function registerCountingKernels(): void {
  defineKernel(SearchSorted, (call) =>
    search(call, (call.attributes as SearchSortedAttrs).side === 'left' ? LowerBound : UpperBound),
  );
  defineKernel(DenseBincount, (call) => {
    const { size, binaryOutput } = call.attributes as DenseBincountAttrs;
    const weights = call.input('weights');
    const attributes = [
      attribute.type('Tidx', DataType.INT32),
      attribute.type('T', weights.dtype),
      attribute.boolean('binary_output', binaryOutput ?? false),
    ];
    return call.run('DenseBincount', [call.input('x'), call.integers(size), weights], attributes);
  });
}

function search(call: KernelCall, operation: string): Value {
  const sorted = call.input('sortedSequence');
  const attributes = [attribute.type('T', sorted.dtype), attribute.type('out_type', DataType.INT32)];
  return call.run(operation, [sorted, call.input('values')], attributes);
}
