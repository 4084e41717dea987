import {
  backend_util,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  type Conv2DAttrs,
  type DepthwiseConv2dNativeAttrs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import { attribute, type NodeAttribute } from '../../c-api/graph-builder.js';
import { improveKernel, type KernelCall, type Value } from './kernel-call.js';
import {
  axesOf2D,
  fitInput,
  fittedShape,
  unfitGradient,
  windowAttributes,
  type WindowAxis,
} from './windows.js';

type ConvolutionAttributes = Partial<Omit<Conv2DAttrs, 'dilations'>> &
  Pick<DepthwiseConv2dNativeAttrs, 'strides' | 'pad'> & {
    dilations?: Conv2DAttrs['dilations'];
    inputShape?: number[];
    filterShape?: number[];
  };

type Shape4D = [number, number, number, number];

/** What a convolution is, once everything that can be left out is there. */
interface Convolution {
  readonly isChannelsFirst: boolean;
  readonly axes: readonly WindowAxis[];
  /** In the order of the axes that TensorFlow computes with: batch, height, width, channels. */
  readonly inputShape: readonly number[];
  readonly filterShape: readonly number[];
  readonly attributes: readonly NodeAttribute[];
}

/**
 * Convolutions with padding by numbers, any rounding of the output's size, and channels before height and width, which TensorFlow
 * does not have on a CPU: the images are padded and rearranged.
 */
export function registerConvolutionKernels(): void {
  for (const [kernel, isDepthwise] of [
    [Conv2D, false],
    [DepthwiseConv2dNative, true],
  ] as const) {
    improve(kernel, isDepthwise, (call, convolution) => {
      const images = toLast(call, call.input('x'), convolution);
      const inputs = [fitInput(call, images, convolution.axes), call.input('filter')];
      return fromLast(call, call.run(kernel, inputs, convolution.attributes), convolution);
    });
  }
  for (const [kernel, isDepthwise] of [
    [Conv2DBackpropInput, false],
    [DepthwiseConv2dNativeBackpropInput, true],
  ] as const) {
    improve(kernel, isDepthwise, (call, convolution) => {
      const shape = call.integers(fittedShape(convolution.inputShape, convolution.axes));
      const inputs = [shape, call.input('filter'), toLast(call, call.input('dy'), convolution)];
      const gradient = call.run(kernel, inputs, convolution.attributes);
      return fromLast(call, unfitGradient(call, gradient, convolution.axes), convolution);
    });
  }
  for (const [kernel, isDepthwise] of [
    [Conv2DBackpropFilter, false],
    [DepthwiseConv2dNativeBackpropFilter, true],
  ] as const) {
    improve(kernel, isDepthwise, (call, convolution) => {
      const images = fitInput(call, toLast(call, call.input('x'), convolution), convolution.axes);
      const shape = call.integers(convolution.filterShape);
      return call.run(
        kernel,
        [images, shape, toLast(call, call.input('dy'), convolution)],
        convolution.attributes,
      );
    });
  }
}

function improve(
  kernel: string,
  isDepthwise: boolean,
  compute: (call: KernelCall, convolution: Convolution) => Value,
): void {
  improveKernel(kernel, ({ inputs, attrs, backend }) => {
    const given = attrs as unknown as ConvolutionAttributes;
    const { isUsingGpuDevice } = backend as { isUsingGpuDevice: boolean };
    if (isUsual(given, isUsingGpuDevice)) return undefined;
    const { x, filter } = inputs as { x?: TensorInfo; filter?: TensorInfo };
    const convolution = describe(
      given,
      isDepthwise,
      given.inputShape ?? x!.shape,
      given.filterShape ?? filter!.shape,
    );
    return (call) => compute(call, convolution);
  });
}

/** Whether TensorFlow can do it without help. */
export function isUsual(
  { pad, dataFormat, dimRoundingMode }: ConvolutionAttributes,
  usesGpu: boolean,
): boolean {
  const isUsualPad = typeof pad === 'string' || (pad === 0 && (dimRoundingMode ?? 'floor') === 'floor');
  return isUsualPad && (usesGpu || (dataFormat ?? 'NHWC') === 'NHWC');
}

function describe(
  given: ConvolutionAttributes,
  isDepthwise: boolean,
  shape: readonly number[],
  filterShape: readonly number[],
): Convolution {
  const isChannelsFirst = given.dataFormat === 'NCHW';
  const geometry = backend_util.computeConv2DInfo(
    shape as Shape4D,
    filterShape as Shape4D,
    given.strides,
    given.dilations ?? 1,
    given.pad,
    given.dimRoundingMode,
    isDepthwise,
    isChannelsFirst ? 'channelsFirst' : 'channelsLast',
  );
  const dilations = [1, geometry.dilationHeight, geometry.dilationWidth, 1];
  const strides = [geometry.strideHeight, geometry.strideWidth];
  return {
    isChannelsFirst,
    axes: axesOf2D(geometry),
    inputShape: isChannelsFirst ? TO_LAST.map((axis) => shape[axis]!) : shape,
    filterShape,
    attributes: windowAttributes(strides, [attribute.integers('dilations', dilations)]),
  };
}

const TO_LAST = [0, 2, 3, 1] as const;
const FROM_LAST = [0, 3, 1, 2] as const;

function toLast(call: KernelCall, images: Value, { isChannelsFirst }: Convolution): Value {
  return isChannelsFirst ? call.transpose(images, TO_LAST) : images;
}

function fromLast(call: KernelCall, images: Value, { isChannelsFirst }: Convolution): Value {
  return isChannelsFirst ? call.transpose(images, FROM_LAST) : images;
}
