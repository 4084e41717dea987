import { add, conv2d, type Tensor4D } from '@tensorflow/tfjs-core';

import { elementCount } from '../../engine/images.js';
import { activations, type ActivationName } from '../activations.js';
import { initializers, type InitializerName } from '../initializers.js';
import type { ParameterSpec } from '../model.js';
import { valueOf, type MapLayer, type MapShape } from './layer.js';

/** Whether a window stays within the image, or visits every pixel, with zeros around the image. */
export type Padding = 'valid' | 'same';

export interface ConvolutionOptions {
  name: string;
  inputShape: MapShape;
  filters: number;
  /** Height and width of the filters. */
  kernelSize: number;
  initializer: InitializerName;
  activation?: ActivationName | undefined;
  /** How many pixels the filters move at a time; 1 where nothing is said. */
  stride?: number;
  /** `valid` where nothing is said. */
  padding?: Padding;
  /** Whether a number is added for each filter, as is done where nothing is said; before a normalisation it has no effect. */
  hasBias?: boolean;
}

/** A layer of filters that are moved over the image. */
export function convolution(options: ConvolutionOptions): MapLayer {
  const { name, inputShape, filters, kernelSize, activation, initializer } = options;
  const { stride = 1, padding = 'valid', hasBias = true } = options;
  const [height, width, channels] = inputShape;
  const kernel = `${name}/kernel`;
  const bias = `${name}/bias`;
  const shape = [kernelSize, kernelSize, channels, filters] as const;
  const area = kernelSize ** 2;
  const start = initializers[initializer];
  const parameters: ParameterSpec[] = [
    {
      name: kernel,
      shape,
      initialValue: (random) => start.kernel(random, elementCount(shape), area * channels, area * filters),
    },
  ];
  if (hasBias) {
    const initialValue: ParameterSpec['initialValue'] = (random) =>
      start.bias(random, filters, area * channels);
    parameters.push({ name: bias, shape: [filters], initialValue });
  }
  const sizeOf = (size: number): number => outputSize(size, kernelSize, stride, padding);
  return {
    outputShape: [sizeOf(height), sizeOf(width), filters],
    parameters,
    apply(input, values) {
      const filtered = conv2d(input as Tensor4D, valueOf(values, kernel) as Tensor4D, stride, padding);
      const sum = hasBias ? add<Tensor4D>(filtered, valueOf(values, bias)) : filtered;
      return activation === undefined ? sum : activations[activation](sum);
    },
  };
}

/** How many places a window takes along an axis. */
export function outputSize(size: number, window: number, stride: number, padding: Padding): number {
  return padding === 'same' ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
}
