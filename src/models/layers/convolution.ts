import { add, conv2d, depthwiseConv2d, type Tensor4D } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import { activations, type ActivationName } from '../activations.js';
import { initializers, type InitializerName } from '../initializers.js';
import type { ParameterSpec } from '../model.js';
import { chain, valueOf, type MapLayer, type MapShape } from './layer.js';

/** `valid`: no padding; `same`: zero padding, so that the output has the size of the input at stride 1. */
export type Padding = 'valid' | 'same';

interface WindowOptions {
  name: string;
  inputShape: MapShape;
  /** Height and width of the filters, as one number where they are the same. */
  kernelSize: number | [height: number, width: number];
  initializer: InitializerName;
  activation?: ActivationName | undefined;
  /** The stride in pixels, down and across, as one number where they are the same; 1 by default. */
  stride?: number | [height: number, width: number];
  /** `valid` by default. */
  padding?: Padding;
  /** Whether filters have a bias, true by default; before a normalisation it has no effect. */
  hasBias?: boolean;
}

export interface ConvolutionOptions extends WindowOptions {
  filters: number;
}

export interface DepthwiseConvolutionOptions extends WindowOptions {
  /** The number of filters per channel; 1 by default. */
  depthMultiplier?: number;
}

export type SeparableConvolutionOptions = ConvolutionOptions & DepthwiseConvolutionOptions;

/** A 2D convolution. */
export function convolution(options: ConvolutionOptions): MapLayer {
  const { inputShape, filters } = options;
  return windowed(options, {
    depth: [inputShape[2], filters],
    filters,
    inputs: inputShape[2],
    filter: conv2d,
  });
}

/** A depthwise convolution, as Keras's `DepthwiseConv2D`: the output is ordered by input channel, then filter. */
export function depthwiseConvolution(options: DepthwiseConvolutionOptions): MapLayer {
  const { inputShape, depthMultiplier = 1 } = options;
  const [, , channels] = inputShape;
  const depth = [channels, depthMultiplier] as const;
  return windowed(options, {
    depth,
    filters: channels * depthMultiplier,
    inputs: 1,
    filter: depthwiseConv2d,
  });
}

/**
 * A separable convolution, with fewer weights and operations: depthwise, then pointwise (Chollet,
 * "Xception: deep learning with depthwise separable convolutions", 2017; Keras's `SeparableConv2D`).
 */
export function separableConvolution(options: SeparableConvolutionOptions): MapLayer {
  const { name, filters, initializer, activation, hasBias = true } = options;
  const depthwise = depthwiseConvolution({
    ...options,
    ...{ name: `${name}/depthwise`, activation: undefined, hasBias: false },
  });
  const pointwise = convolution({
    ...{ name: `${name}/pointwise`, inputShape: depthwise.outputShape, kernelSize: 1 },
    ...{ filters, initializer, activation, hasBias },
  });
  return chain<MapLayer>([depthwise, pointwise]);
}

/** How filters connect to channels. */
interface Channels {
  /** The last two dimensions of the kernel. */
  depth: readonly [number, number];
  filters: number;
  /** The number of input channels per filter. */
  inputs: number;
  filter: (
    input: Tensor4D,
    kernel: Tensor4D,
    stride: number | [number, number],
    padding: Padding,
  ) => Tensor4D;
}

function windowed(options: WindowOptions, { depth, filters, inputs, filter }: Channels): MapLayer {
  const { name, inputShape, kernelSize, activation, initializer } = options;
  const { stride = 1, padding = 'valid', hasBias = true } = options;
  const [height, width] = inputShape;
  const kernel = `${name}/kernel`;
  const bias = `${name}/bias`;
  const window = pairOf(kernelSize);
  const strides = pairOf(stride);
  const shape = [...window, ...depth];
  const fanIn = elementCount(window) * inputs;
  const fanOut = elementCount(window) * depth[1];
  const start = initializers[initializer];
  const parameters: ParameterSpec[] = [
    {
      name: kernel,
      shape,
      initialValue: (random) => start.kernel(random, elementCount(shape), fanIn, fanOut),
    },
  ];
  if (hasBias) {
    parameters.push({
      name: bias,
      shape: [filters],
      initialValue: (random) => start.bias(random, filters, fanIn),
    });
  }
  return {
    outputShape: [
      outputSize(height, window[0], strides[0], padding),
      outputSize(width, window[1], strides[1], padding),
      filters,
    ],
    parameters,
    apply(input, values) {
      const filtered = filter(input as Tensor4D, valueOf(values, kernel) as Tensor4D, stride, padding);
      const sum = hasBias ? add<Tensor4D>(filtered, valueOf(values, bias)) : filtered;
      return activation === undefined ? sum : activations[activation](sum);
    },
  };
}

function pairOf(size: number | [number, number]): [number, number] {
  return typeof size === 'number' ? [size, size] : size;
}

/** The output size along an axis. */
export function outputSize(size: number, window: number, stride: number, padding: Padding): number {
  return padding === 'same' ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
}
