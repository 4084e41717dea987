import { reshape } from '@tensorflow/tfjs-core';

import type { MapShape, SequenceLayer } from './layer.js';

/** The rows of an image as the steps of a sequence: [height, width, channels] to [height, width · channels]. */
export function rows([height, width, channels]: MapShape): SequenceLayer {
  const size = width * channels;
  return {
    outputShape: [height, size],
    parameters: [],
    apply: (input) => reshape(input, [input.shape[0], height, size]),
  };
}
