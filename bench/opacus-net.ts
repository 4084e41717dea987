import { maxPool, type Tensor4D } from '@tensorflow/tfjs-core';

import { convolution } from '../src/models/layers/convolution.js';
import { dense } from '../src/models/layers/dense.js';
import { flatten } from '../src/models/layers/flatten.js';
import type { MapLayer } from '../src/models/layers/layer.js';
import { sequence } from '../src/models/layers/sequence.js';
import type { Model } from '../src/models/model.js';

/** The network of Opacus's MNIST example, as in `opacus_mnist.py`. */
export function opacusNet(): Model {
  const common = { initializer: 'fan-in-uniform', activation: 'relu' } as const;
  const first = convolution({
    ...{ ...common, name: 'conv1', inputShape: [28, 28, 1], filters: 16 },
    ...{ kernelSize: 8, stride: 2, padding: 'same' },
  });
  const second = convolution({
    ...{ ...common, name: 'conv2', inputShape: [13, 13, 16], filters: 32, kernelSize: 4, stride: 2 },
  });
  return sequence('Opacus', [
    first,
    overlappingPooling([13, 13, 16]),
    second,
    overlappingPooling([4, 4, 32]),
    flatten([4, 4, 32]),
    dense({ ...common, name: 'fc1', inputs: 512, units: 32 }),
    dense({ name: 'fc2', inputs: 32, units: 10, initializer: 'fan-in-uniform' }),
  ]);
}

/** Max pooling of 2×2 pixels, of which the next begins one pixel further. */
function overlappingPooling(outputShape: MapLayer['outputShape']): MapLayer {
  return { outputShape, parameters: [], apply: (input) => maxPool(input as Tensor4D, 2, 1, 'valid') };
}
