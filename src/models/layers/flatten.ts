import { reshape } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import type { Layer } from './layer.js';

/** Flattens each example: [n, …shape] to [n, product of the shape]. */
export function flatten(shape: readonly number[]): Layer {
  const size = elementCount(shape);
  return {
    outputShape: [size],
    parameters: [],
    apply: (input) => reshape(input, [input.shape[0], size]),
  };
}
