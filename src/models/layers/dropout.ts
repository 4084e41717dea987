import { cast, greaterEqual, mul } from '@tensorflow/tfjs-core';

import type { Layer } from './layer.js';

/**
 * Dropout: in training, each value is set to zero with probability `rate` and scaled up otherwise, which preserves the mean; no effect
 * in inference (Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014).
 *
 * @param name distinguishes the random streams of several such layers
 * @param isSpatial whether whole channels of an image are set to zero (Tompson et al., "Efficient object localization using convolutional
 *   networks", 2015)
 */
export function dropout(name: string, shape: readonly number[], rate: number, isSpatial = false): Layer {
  return {
    outputShape: shape,
    parameters: [],
    apply(input, _values, training) {
      if (!training || rate === 0) return input;
      const { shape: all } = input;
      const drawn = isSpatial ? [all[0], ...shape.slice(0, -1).map(() => 1), all.at(-1)!] : all;
      const isKept = greaterEqual(training.uniform(drawn, name), rate);
      return mul(input, mul(cast(isKept, 'float32'), 1 / (1 - rate)));
    },
  };
}
