import { avgPool, max, maxPool, mean, pad, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';

import { convolution, depthwiseConvolution, outputSize, type Padding } from '../layers/convolution.js';
import type { MapLayer, MapShape } from '../layers/layer.js';
import type { SettingsOf, WindowPadding } from './node-settings.js';
import { imageShape, withOneInput, type GraphNode, type NodePlace } from './node.js';

/** The lowest float32, which no maximum takes. */
const LOWEST = -3.4028234663852886e38;

/** A convolution, of which each filter sees all channels or one. */
export function convolutionNode(
  place: NodePlace,
  settings: SettingsOf<'convolution'> | SettingsOf<'depthwise-convolution'>,
): GraphNode {
  const layer = convolutionLayer(place, settings);
  return {
    ...withOneInput(layer),
    apply: ([input], values) => layer.apply(padImage(input!, settings.padding), values),
  };
}

/** The convolution of an image that has its borders. */
function convolutionLayer(
  place: NodePlace,
  settings: SettingsOf<'convolution'> | SettingsOf<'depthwise-convolution'>,
): MapLayer {
  const { kernelSize, stride, padding, bias: hasBias } = settings;
  const window = {
    ...{ name: place.name, inputShape: paddedShape(place, padding), kernelSize, stride },
    ...{ padding: paddingName(padding), hasBias, initializer: 'fan-in-uniform' as const },
  };
  if (settings.type === 'depthwise-convolution') {
    if (stride[0] !== stride[1]) place.refuse('the same stride in both directions');
    return depthwiseConvolution({ ...window, depthMultiplier: settings.depthMultiplier });
  }
  const { filters } = settings;
  return convolution({ ...window, filters: filters === 'classes' ? place.classes : filters });
}

/** Pooling: borders count as zeros in a mean, and not at all in a maximum; "same" counts them in neither. */
export function poolingNode(
  place: NodePlace,
  { type, size, stride, padding }: SettingsOf<'max-pooling'> | SettingsOf<'average-pooling'>,
): GraphNode {
  const [height, width, channels] = paddedShape(place, padding);
  const isMaximum = type === 'max-pooling';
  const name = paddingName(padding);
  return {
    outputShape: [
      outputSize(height, size[0], stride[0], name),
      outputSize(width, size[1], stride[1], name),
      channels,
    ],
    parameters: [],
    apply([input]) {
      const padded = padImage(input!, padding, isMaximum ? LOWEST : 0) as Tensor4D;
      return (isMaximum ? maxPool : avgPool)(padded, size, stride, name);
    },
  };
}

/** The mean or the maximum of each channel. */
export function globalPoolingNode(
  place: NodePlace,
  { kind, keepDimensions }: SettingsOf<'global-pooling'>,
): GraphNode {
  const [, , channels] = imageShape(place);
  return {
    outputShape: keepDimensions ? [1, 1, channels] : [channels],
    parameters: [],
    apply: ([input]) => (kind === 'max' ? max : mean)(input!, [1, 2], keepDimensions),
  };
}

/** Zeros around an image. */
export function paddingNode(place: NodePlace, { padding }: SettingsOf<'zero-padding'>): GraphNode {
  return {
    outputShape: paddedShape(place, padding),
    parameters: [],
    apply: ([input]) => padImage(input!, padding),
  };
}

/** The shape of the input with its borders. */
function paddedShape(place: NodePlace, padding: WindowPadding): MapShape {
  const shape = imageShape(place);
  if (typeof padding === 'string') return shape;
  const [height, width, channels] = shape;
  const [[top, bottom], [left, right]] = padding;
  return [height + top + bottom, width + left + right, channels];
}

/** What is left to the operation itself. */
function paddingName(padding: WindowPadding): Padding {
  return padding === 'same' ? 'same' : 'valid';
}

function padImage(image: Tensor, padding: WindowPadding, value = 0): Tensor {
  if (typeof padding === 'string' || padding.flat().every((width) => width === 0)) return image;
  return pad(image, [[0, 0], ...padding, [0, 0]], value);
}
