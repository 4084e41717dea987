import {
  add,
  avgPool,
  conv2d,
  depthwiseConv2d,
  max,
  maxPool,
  mean,
  pad,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import { initializers } from '../initializers.js';
import { outputSize } from '../layers/convolution.js';
import { valueOf } from '../layers/layer.js';
import type { ParameterSpec } from '../model.js';
import type { Borders, NodeSettings, WindowPadding } from './node-settings.js';
import { imageShape, type GraphNode, type NodePlace } from './node.js';

type Settings<Type extends NodeSettings['type']> = Extract<NodeSettings, { type: Type }>;

/** The lowest float32, which no maximum takes. */
const LOWEST = -3.4028234663852886e38;
const start = initializers['fan-in-uniform'];

/** A convolution, of which each filter sees all channels or one. */
export function convolutionNode(
  place: NodePlace,
  settings: Settings<'convolution'> | Settings<'depthwise-convolution'>,
): GraphNode {
  const [, , channels] = imageShape(place);
  const { kernelSize, stride, padding, bias } = settings;
  if (settings.type === 'depthwise-convolution' && stride[0] !== stride[1]) {
    place.refuse('the same stride in both directions');
  }
  const isDepthwise = settings.type === 'depthwise-convolution';
  const depth = isDepthwise
    ? [channels, settings.depthMultiplier]
    : [channels, settings.filters === 'classes' ? place.classes : settings.filters];
  const filters = isDepthwise ? channels * depth[1]! : depth[1]!;
  const inputs = kernelSize[0] * kernelSize[1] * (isDepthwise ? 1 : channels);
  const [kernelName, biasName] = [`${place.name}/kernel`, `${place.name}/bias`];
  const shape = [...kernelSize, ...depth];
  const parameters: ParameterSpec[] = [
    {
      name: kernelName,
      shape,
      initialValue: (random) =>
        start.kernel(random, elementCount(shape), inputs, kernelSize[0] * kernelSize[1] * depth[1]!),
    },
    { name: biasName, shape: [filters], initialValue: (random) => start.bias(random, filters, inputs) },
  ];
  const filter = isDepthwise ? depthwiseConv2d : conv2d;
  return {
    outputShape: [...windowOutput(place, kernelSize, stride, padding), filters],
    parameters: bias ? parameters : parameters.slice(0, 1),
    apply([input], values) {
      const padded = padImage(input!, padding) as Tensor4D;
      const kernel = valueOf(values, kernelName) as Tensor4D;
      const filtered = filter(padded, kernel, stride, padding === 'same' ? 'same' : 'valid');
      return bias ? add(filtered, valueOf(values, biasName)) : filtered;
    },
  };
}

/** Pooling: borders count as zeros in a mean, and not at all in a maximum; "same" counts them in neither. */
export function poolingNode(
  place: NodePlace,
  { type, size, stride, padding }: Settings<'max-pooling'> | Settings<'average-pooling'>,
): GraphNode {
  const [, , channels] = imageShape(place);
  const isMaximum = type === 'max-pooling';
  return {
    outputShape: [...windowOutput(place, size, stride, padding), channels],
    parameters: [],
    apply([input]) {
      const padded = padImage(input!, padding, isMaximum ? LOWEST : 0) as Tensor4D;
      return (isMaximum ? maxPool : avgPool)(padded, size, stride, padding === 'same' ? 'same' : 'valid');
    },
  };
}

/** The mean or the maximum of each channel. */
export function globalPoolingNode(
  place: NodePlace,
  { kind, keepDimensions }: Settings<'global-pooling'>,
): GraphNode {
  const [, , channels] = imageShape(place);
  return {
    outputShape: keepDimensions ? [1, 1, channels] : [channels],
    parameters: [],
    apply: ([input]) => (kind === 'max' ? max : mean)(input!, [1, 2], keepDimensions),
  };
}

/** Zeros around an image. */
export function paddingNode(place: NodePlace, { padding }: Settings<'zero-padding'>): GraphNode {
  const [height, width, channels] = imageShape(place);
  const [[top, bottom], [left, right]] = padding;
  return {
    outputShape: [height + top + bottom, width + left + right, channels],
    parameters: [],
    apply: ([input]) => padImage(input!, padding),
  };
}

function windowOutput(
  place: NodePlace,
  size: readonly number[],
  stride: readonly number[],
  padding: WindowPadding,
): number[] {
  const image = imageShape(place);
  return [0, 1].map((axis) => {
    const [before, after] = typeof padding === 'string' ? [0, 0] : padding[axis as 0 | 1];
    return outputSize(
      image[axis]! + before + after,
      size[axis]!,
      stride[axis]!,
      padding === 'same' ? 'same' : 'valid',
    );
  });
}

function padImage(image: Tensor, padding: WindowPadding | Borders, value = 0): Tensor {
  if (typeof padding === 'string' || padding.flat().every((width) => width === 0)) return image;
  return pad(image, [[0, 0], ...padding, [0, 0]], value);
}
