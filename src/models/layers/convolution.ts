import { add, conv2d, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';

import { elementCount } from '../../engine/images.js';
import { activations, type ActivationName } from '../activations.js';
import { initializers, type InitializerName } from '../initializers.js';
import { valueOf, type MapLayer, type MapShape } from './layer.js';

export interface ConvolutionOptions {
  name: string;
  inputShape: MapShape;
  filters: number;
  /** Height and width of the filters. */
  kernelSize: number;
  activation: ActivationName;
  initializer: InitializerName;
}

/** A layer of filters that are moved over the image by single pixels, within its edges: the result is smaller. */
export function convolution(options: ConvolutionOptions): MapLayer {
  const { name, inputShape, filters, kernelSize, activation, initializer } = options;
  const [height, width, channels] = inputShape;
  const kernel = `${name}/kernel`;
  const bias = `${name}/bias`;
  const shape = [kernelSize, kernelSize, channels, filters] as const;
  const area = kernelSize ** 2;
  const start = initializers[initializer];
  return {
    outputShape: [height - kernelSize + 1, width - kernelSize + 1, filters],
    parameters: [
      {
        name: kernel,
        shape,
        initialValue: (random) => start.kernel(random, elementCount(shape), area * channels, area * filters),
      },
      {
        name: bias,
        shape: [filters],
        initialValue: (random) => start.bias(random, filters, area * channels),
      },
    ],
    apply(input, values) {
      const filtered = conv2d(input as Tensor4D, valueOf(values, kernel) as Tensor4D, 1, 'valid');
      const sum: Tensor = add(filtered, valueOf(values, bias));
      return activations[activation](sum);
    },
  };
}
