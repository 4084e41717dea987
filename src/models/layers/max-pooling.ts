import { maxPool, type Tensor4D } from '@tensorflow/tfjs-core';

import type { MapLayer, MapShape } from './layer.js';

/** Max pooling of `size` × `size`; the remainder at the right and bottom edge is dropped. */
export function maxPooling([height, width, channels]: MapShape, size: number): MapLayer {
  return {
    outputShape: [Math.floor(height / size), Math.floor(width / size), channels],
    parameters: [],
    apply: (input) => maxPool(input as Tensor4D, size, size, 'valid'),
  };
}
