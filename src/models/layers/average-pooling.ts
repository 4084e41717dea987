import { avgPool, reshape, type Tensor4D } from '@tensorflow/tfjs-core';

import type { Layer, MapLayer, MapShape } from './layer.js';

/** Average pooling of `size` × `size`; the remainder at the right and bottom edge is dropped. */
export function averagePooling([height, width, channels]: MapShape, size: number): MapLayer {
  return {
    outputShape: [Math.floor(height / size), Math.floor(width / size), channels],
    parameters: [],
    apply: (input) => avgPool(input as Tensor4D, size, size, 'valid'),
  };
}

/** Global average pooling: the mean of each channel (Lin, Chen and Yan, "Network in network", 2013). */
export function globalAveragePooling([height, width, channels]: MapShape): Layer {
  return {
    outputShape: [channels],
    parameters: [],
    apply(input) {
      const means = avgPool(input as Tensor4D, [height, width], 1, 'valid');
      return reshape(means, [input.shape[0], channels]);
    },
  };
}
