import { mean, reshape, slice } from '@tensorflow/tfjs-core';

import type { Layer, SequenceShape } from './layer.js';

/** The ways to pool a sequence to a vector. */
export const sequencePoolings = ['mean', 'first'] as const;

/** [length, width] to [width]: the mean of the tokens, or the first of them. */
export function sequencePooling([, width]: SequenceShape, kind: (typeof sequencePoolings)[number]): Layer {
  return {
    outputShape: [width],
    parameters: [],
    apply(input) {
      if (kind === 'mean') return mean(input, 1);
      const [examples = 0] = input.shape;
      return reshape(slice(input, [0, 0, 0], [examples, 1, width]), [examples, width]);
    },
  };
}
