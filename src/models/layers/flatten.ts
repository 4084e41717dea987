import { reshape } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import type { Layer } from './layer.js';

/** Lays the values of each example in one row: [n, …shape] to [n, product of the shape]. */
export function flatten(shape: readonly number[]): Layer {
  const size = elementCount(shape);
  return {
    outputShape: [size],
    parameters: [],
    apply: (input) => reshape(input, [input.shape[0], size]),
  };
}
