import {
  StringNGrams,
  StringSplit,
  StringToHashBucketFast,
  type StringNGramsAttrs,
  type StringSplitAttrs,
  type StringToHashBucketFastAttrs,
} from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { attribute } from '../../c-api/graph-builder.js';
import { defineKernel } from './kernel-call.js';

/** Kernels of strings. TensorFlow gives 64-bit integers where tfjs has those of 32 bits. */
export function registerStringKernels(): void {
  defineKernel(StringNGrams, (call) => {
    const given = call.attributes as StringNGramsAttrs;
    const attributes = [
      attribute.text('separator', given.separator),
      attribute.integers('ngram_widths', given.nGramWidths),
      attribute.text('left_pad', given.leftPad),
      attribute.text('right_pad', given.rightPad),
      attribute.integer('pad_width', given.padWidth),
      attribute.boolean('preserve_short_sequences', given.preserveShortSequences),
      attribute.type('Tsplits', DataType.INT32),
    ];
    return call.runAll('StringNGrams', [call.input('data'), call.input('dataSplits')], attributes, 2);
  });
  defineKernel(StringSplit, (call) => {
    const { skipEmpty } = call.attributes as StringSplitAttrs;
    const inputs = [call.input('input'), call.input('delimiter')];
    const attributes = [attribute.boolean('skip_empty', skipEmpty)];
    const [indices, values, shape] = call.runAll('StringSplit', inputs, attributes, 3);
    return [call.cast(indices!, DataType.INT32), values!, call.cast(shape!, DataType.INT32)];
  });
  defineKernel(StringToHashBucketFast, (call) => {
    const { numBuckets } = call.attributes as StringToHashBucketFastAttrs;
    const attributes = [attribute.integer('num_buckets', numBuckets)];
    const buckets = call.run('StringToHashBucketFast', [call.input('input')], attributes);
    return call.cast(buckets, DataType.INT32);
  });
}
