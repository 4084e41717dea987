import {
  AvgPool,
  AvgPool3D,
  AvgPool3DGrad,
  AvgPoolGrad,
  backend_util,
  MaxPool,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  MaxPoolWithArgmax,
  type MaxPool3DAttrs,
  type MaxPoolAttrs,
  type MaxPoolWithArgmaxAttrs,
} from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { attribute, type NodeAttribute } from '../../c-api/graph-builder.js';
import { defineKernel, improveKernel, type KernelCall, type Value } from './kernel-call.js';
import {
  axesOf2D,
  axesOf3D,
  fitInput,
  fittedShape,
  isUsualPadding,
  unfitGradient,
  windowAttributes,
  type WindowAxis,
} from './windows.js';

type PoolAttributes = MaxPoolAttrs | MaxPool3DAttrs;

/** A kernel of pooling, or of its gradient: how it computes where TensorFlow does not pad as it is asked to. */
type Pool = (call: KernelCall, axes: readonly WindowAxis[], window: readonly NodeAttribute[]) => Value;

/** Pooling with explicit padding and any rounding of the output's size, which TensorFlow has not. */
export function registerPoolingKernels(): void {
  improvePool(MaxPool, 'x', 2, (call, axes, window) => largest(call, 'MaxPool', axes, window));
  improvePool(MaxPool3D, 'x', 3, (call, axes, window) => largest(call, 'MaxPool3D', axes, window));
  improvePool(AvgPool, 'x', 2, (call, axes, window) => average(call, 'AvgPool', axes, window));
  improvePool(AvgPool3D, 'x', 3, (call, axes, window) => average(call, 'AvgPool3D', axes, window));
  improvePool(MaxPoolGrad, 'input', 2, (call, axes, window) =>
    largestGradient(call, 'MaxPoolGrad', axes, window),
  );
  improvePool(MaxPool3DGrad, 'input', 3, (call, axes, window) =>
    largestGradient(call, 'MaxPool3DGrad', axes, window),
  );
  improvePool(AvgPoolGrad, 'input', 2, (call, axes, window) =>
    averageGradient(call, 'AvgPool', axes, window),
  );
  improvePool(AvgPool3DGrad, 'input', 3, (call, axes, window) =>
    averageGradient(call, 'AvgPool3D', axes, window),
  );
  defineKernel(MaxPoolWithArgmax, largestWithPlace);
}

function improvePool(kernel: string, image: string, rank: 2 | 3, pool: Pool): void {
  improveKernel(kernel, ({ inputs, attrs }) => {
    const { shape } = inputs[image]!;
    const given = attrs as unknown as PoolAttributes;
    if (isUsualPadding(given, shape.slice(1, -1), given.filterSize)) return undefined;
    return (call) => {
      const axes = rank === 2 ? axes2D(shape, given as MaxPoolAttrs) : axes3D(shape, given as MaxPool3DAttrs);
      // As in tfjs's own backends, wherever the padding would lay the elements.
      const isIdentity = axes.every(({ input, output, window }) => window === 1 && output === input);
      if (isIdentity) return call.input(kernel.endsWith('Grad') ? 'dy' : image);
      return axes.some(({ output }) => output <= 0)
        ? zeros(call, call.input(image), kernel.endsWith('Grad') ? shape : outputShape(shape, axes))
        : pool(call, axes, attributesOf(axes));
    };
  });
}

function axes2D(shape: readonly number[], given: MaxPoolAttrs): WindowAxis[] {
  const { filterSize, strides, pad, dimRoundingMode } = given;
  const images = shape as [number, number, number, number];
  return axesOf2D(backend_util.computePool2DInfo(images, filterSize, strides, 1, pad, dimRoundingMode));
}

function axes3D(shape: readonly number[], given: MaxPool3DAttrs): WindowAxis[] {
  const { filterSize, strides, pad, dimRoundingMode } = given;
  const volumes = shape as [number, number, number, number, number];
  return axesOf3D(backend_util.computePool3DInfo(volumes, filterSize, strides, 1, pad, dimRoundingMode));
}

function attributesOf(axes: readonly WindowAxis[]): NodeAttribute[] {
  const strides = axes.map(({ stride }) => stride);
  const sizes = axes.map(({ window }) => window);
  return windowAttributes(strides, [attribute.integers('ksize', [1, ...sizes, 1])]);
}

function largest(
  call: KernelCall,
  operation: string,
  axes: readonly WindowAxis[],
  window: readonly NodeAttribute[],
): Value {
  return call.run(operation, [fitLowest(call, call.input('x'), axes)], window);
}

function largestGradient(
  call: KernelCall,
  operation: string,
  axes: readonly WindowAxis[],
  window: readonly NodeAttribute[],
): Value {
  const inputs = [fitLowest(call, call.input('input'), axes), call.input('output'), call.input('dy')];
  return unfitGradient(call, call.run(operation, inputs, window), axes);
}

/** The mean of what lies inside the image: that of the padded one, divided by the share that lies inside; 0 without any. */
function average(
  call: KernelCall,
  operation: string,
  axes: readonly WindowAxis[],
  window: readonly NodeAttribute[],
): Value {
  const padded = call.run(operation, [fitInput(call, call.input('x'), axes)], window);
  return call.run('DivNoNan', [padded, shareInside(call, operation, axes, window)]);
}

function averageGradient(
  call: KernelCall,
  operation: string,
  axes: readonly WindowAxis[],
  window: readonly NodeAttribute[],
): Value {
  const scaled = call.run('DivNoNan', [call.input('dy'), shareInside(call, operation, axes, window)]);
  const shape = call.integers(fittedShape(call.input('input').shape, axes));
  return unfitGradient(call, call.run(`${operation}Grad`, [shape, scaled], window), axes);
}

function shareInside(
  call: KernelCall,
  operation: string,
  axes: readonly WindowAxis[],
  window: readonly NodeAttribute[],
): Value {
  const shape = call.integers([1, ...axes.map(({ input }) => input), 1]);
  return call.run(operation, [fitInput(call, call.run('Fill', [shape, call.float(1)]), axes)], window);
}

/** The largest value of each window and where it was, counted in the image, or in the batch. */
function largestWithPlace(call: KernelCall): Value[] {
  const given = call.attributes as MaxPoolWithArgmaxAttrs;
  const x = call.input('x');
  const axes = axes2D(x.shape, given);
  const attributes = [
    ...attributesOf(axes).filter(({ name }) => name !== 'data_format'),
    attribute.type('Targmax', DataType.INT32),
    attribute.boolean('include_batch_in_index', given.includeBatchInIndex),
  ];
  const fitted = fitLowest(call, withoutNaN(call, x), axes);
  const [values, places] = call.runAll('MaxPoolWithArgmax', [fitted], attributes, 2);
  return [values!, axes.every(isUnpadded) ? places! : placesInside(call, places!, x.shape, axes)];
}

/** Places in a padded image, as places in the image without its padding. */
function placesInside(
  call: KernelCall,
  places: Value,
  shape: readonly number[],
  axes: readonly WindowAxis[],
): Value {
  const [, height, width, channels] = fittedShape(shape, axes) as [number, number, number, number];
  const divide = (value: Value, by: number): [Value, Value] => [
    call.run('FloorDiv', [value, call.integers(by)]),
    call.run('FloorMod', [value, call.integers(by)]),
  ];
  const [pixels, channel] = divide(places, channels);
  const [rows, column] = divide(pixels, width);
  const [image, row] = divide(rows, height);
  const inside = [image, shift(call, row, -axes[0]!.before), shift(call, column, -axes[1]!.before), channel];
  return inside.reduce((sum, value, axis) =>
    call.run('AddV2', [call.run('Mul', [sum, call.integers(shape[axis]!)]), value]),
  );
}

function isUnpadded({ input, output, window, stride, before }: WindowAxis): boolean {
  return before === 0 && (output - 1) * stride + window === input;
}

/** NaN is no maximum in tfjs; in TensorFlow it is, for this operation. */
function withoutNaN(call: KernelCall, x: Value): Value {
  if (x.dtype !== DataType.FLOAT) return x;
  return call.run('SelectV2', [call.run('IsNan', [x]), call.float(-Infinity), x]);
}

function shift(call: KernelCall, value: Value, by: number): Value {
  return by === 0 ? value : call.run('AddV2', [value, call.integers(by)]);
}

function fitLowest(call: KernelCall, image: Value, axes: readonly WindowAxis[]): Value {
  const lowest = image.dtype === DataType.INT32 ? call.integers(-(2 ** 31)) : call.float(-Infinity);
  return fitInput(call, image, axes, lowest);
}

function outputShape(shape: readonly number[], axes: readonly WindowAxis[]): number[] {
  return [shape[0]!, ...axes.map(({ output }) => Math.max(output, 0)), shape.at(-1)!];
}

function zeros(call: KernelCall, like: Value, shape: readonly number[]): Value {
  return call.run('Fill', [call.integers(shape), call.cast(call.float(0), like.dtype)]);
}
