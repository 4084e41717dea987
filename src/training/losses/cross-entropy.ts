import { gather, mul, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import {
  crossEntropy as crossEntropyWith,
  smoothedCrossEntropy,
  sparseCrossEntropy,
} from '../../engine/tracing/operations.js';
import { defineLoss, weightsOf, type ExampleLosses } from './loss.js';

/**
 * Cross-entropy, −Σ w_c · t_c · log p_c over the classes c: w are the class weights, p the probabilities, and t the targets, which are
 * 1 for the label and 0 for the others, or smoothed. The same as PyTorch's `cross_entropy`.
 */
export const crossEntropy = defineLoss({
  name: 'cross-entropy',
  summary: 'cross-entropy of the probabilities',
  source: 'Goodfellow, Bengio and Courville, “Deep learning”, 2016, section 6.2.2.3',
  options: z.strictObject({
    labelSmoothing: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .meta({ description: 'label smoothing factor', placeholder: 'X' }),
  }),
  build({ labelSmoothing }, weights) {
    if (weights === undefined) {
      return (logits, labels) => smoothedCrossEntropy(logits, labels, labelSmoothing);
    }
    if (labelSmoothing > 0) return weightedSmoothing(labelSmoothing, weights);
    return (logits, labels) => mul(weightsOf(labels, weights), sparseCrossEntropy(logits, labels));
  },
});

/**
 * Each target has the weight of its class. TensorFlow's kernel needs targets that add up to 1: they are divided by their sum, by which
 * the loss is multiplied. Both depend only on the label.
 */
function weightedSmoothing(smoothing: number, weights: readonly number[]): ExampleLosses {
  const rest = smoothing / weights.length;
  const weighted = weights.map((_, label) =>
    weights.map((weight, other) => weight * (other === label ? 1 - smoothing + rest : rest)),
  );
  const sums = weighted.map((row) => row.reduce((sum, value) => sum + value, 0));
  const targets = weighted.map((row, label) => row.map((value) => value / sums[label]!));
  return (logits, labels) =>
    mul(gather(tensor1d(sums), labels), crossEntropyWith(logits, gather(tensor2d(targets), labels)));
}
