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
  readonly dilations: readonly number[];
  readonly strides: readonly number[];
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
  improve(Conv2D, false, (call, convolution) => {
    const inputs = [fittedInput(call, convolution), call.input('filter')];
    return fromLast(call, call.run(Conv2D, inputs, convolution.attributes), convolution);
  });
  improve(DepthwiseConv2dNative, true, convolveDepthwise);
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
      const shape = call.integers(convolution.filterShape);
      const inputs = [fittedInput(call, convolution), shape, toLast(call, call.input('dy'), convolution)];
      return call.run(kernel, inputs, convolution.attributes);
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
    if (isUsual(given, isUsingGpuDevice, isDepthwise)) return undefined;
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

/** Whether TensorFlow can do it without help. Without oneDNN it has no dilated convolution of each channel by itself. */
export function isUsual(given: ConvolutionAttributes, usesGpu: boolean, isDepthwise: boolean): boolean {
  const { pad, dataFormat, dimRoundingMode, dilations } = given;
  const isUsualPad = typeof pad === 'string' || (pad === 0 && (dimRoundingMode ?? 'floor') === 'floor');
  const isDilated = [dilations ?? 1].flat().some((dilation) => dilation > 1);
  return isUsualPad && !(isDepthwise && isDilated) && (usesGpu || (dataFormat ?? 'NHWC') === 'NHWC');
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
  const dilations = [geometry.dilationHeight, geometry.dilationWidth];
  const strides = [geometry.strideHeight, geometry.strideWidth];
  return {
    dilations,
    strides,
    isChannelsFirst,
    axes: axesOf2D(geometry),
    inputShape: isChannelsFirst ? TO_LAST.map((axis) => shape[axis]!) : shape,
    filterShape,
    attributes: windowAttributes(strides, [attribute.integers('dilations', [1, ...dilations, 1])]),
  };
}

/** Dilated, it is a usual convolution of each of the images of every nth row and column. */
function convolveDepthwise(call: KernelCall, convolution: Convolution): Value {
  const { axes, dilations, strides, attributes } = convolution;
  const images = fittedInput(call, convolution);
  const filter = call.input('filter');
  if (dilations.every((dilation) => dilation === 1)) {
    return fromLast(call, call.run(DepthwiseConv2dNative, [images, filter], attributes), convolution);
  }
  const block = call.integers(dilations);
  const [, ...sizes] = fittedShape(convolution.inputShape, axes);
  const extra = dilations.map((dilation, axis) => (dilation - (sizes[axis]! % dilation)) % dilation);
  const parts = call.run('SpaceToBatchND', [images, block, endings(call, extra)]);
  const results = call.run(DepthwiseConv2dNative, [parts, filter], windowAttributes(strides));
  // Every result has as many rows and columns as there are extra ones too many.
  const output = call.run('BatchToSpaceND', [results, block, endings(call, extra)]);
  return fromLast(call, output, convolution);
}

/** So many elements at the end of each axis, and none at its beginning. */
function endings(call: KernelCall, counts: readonly number[]): Value {
  return call.integers(
    counts.flatMap((count) => [0, count]),
    [counts.length, 2],
  );
}

function fittedInput(call: KernelCall, convolution: Convolution): Value {
  return fitInput(call, toLast(call, call.input('x'), convolution), convolution.axes);
}

const TO_LAST = [0, 2, 3, 1] as const;
const FROM_LAST = [0, 3, 1, 2] as const;

function toLast(call: KernelCall, images: Value, { isChannelsFirst }: Convolution): Value {
  return isChannelsFirst ? call.transpose(images, TO_LAST) : images;
}

function fromLast(call: KernelCall, images: Value, { isChannelsFirst }: Convolution): Value {
  return isChannelsFirst ? call.transpose(images, FROM_LAST) : images;
}
