import { cast, greaterEqual, mul } from '@tensorflow/tfjs-core';

import type { Layer } from './layer.js';

/**
 * In training, each value is zero with a probability of `rate`, and else made larger so that the mean stays; afterwards, nothing
 * happens (Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014).
 *
 * @param name tells the random numbers of two such layers apart
 */
export function dropout(name: string, shape: readonly number[], rate: number): Layer {
  return {
    outputShape: shape,
    parameters: [],
    apply(input, _values, training) {
      if (!training || rate === 0) return input;
      const isKept = greaterEqual(training.uniform(input.shape, name), rate);
      return mul(input, mul(cast(isKept, 'float32'), 1 / (1 - rate)));
    },
  };
}
