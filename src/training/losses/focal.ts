import { exp, maximum, mul, neg, pow, sub, type Tensor1D } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { sparseCrossEntropy } from '../../engine/tracing/operations.js';
import { defineLoss, weightsOf } from './loss.js';

/** Above 0, so that a power below 1 has a finite gradient at 0: that of an example that is certain. */
const LEAST = 1e-12;

/**
 * Focal loss, −w · (1 − p)^γ · log p: p is the probability of the label, and w the weight of its class (the paper's α). Examples that
 * are classified well count less; with γ = 0 it is cross-entropy.
 */
export const focal = defineLoss({
  name: 'focal',
  summary: 'focal loss: examples that are classified well count less',
  source: 'Lin et al., “Focal loss for dense object detection”, 2017',
  options: z.strictObject({
    focalGamma: z.number().min(0).max(10).default(2).meta({
      description: 'how much less well-classified images count; 0: cross-entropy',
      placeholder: 'X',
    }),
  }),
  build:
    ({ focalGamma }, weights) =>
    (logits, labels) => {
      const losses = sparseCrossEntropy(logits, labels);
      const wrong = maximum(sub(1, exp(neg(losses))), LEAST);
      const focused: Tensor1D = mul(pow(wrong, focalGamma), losses);
      return weights === undefined ? focused : mul(weightsOf(labels, weights), focused);
    },
});
