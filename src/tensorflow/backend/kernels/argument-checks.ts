import {
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  Conv3D,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  GatherV2,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import { wrapKernel } from './kernel-call.js';

/** The spatial axes of the convolutions: 2 of an image, 3 of a volume. */
const SPATIAL_AXES: Readonly<Record<string, 2 | 3>> = {
  [Conv2D]: 2,
  [Conv2DBackpropFilter]: 2,
  [Conv2DBackpropInput]: 2,
  [DepthwiseConv2dNative]: 2,
  [DepthwiseConv2dNativeBackpropFilter]: 2,
  [DepthwiseConv2dNativeBackpropInput]: 2,
  [Conv3D]: 3,
  [Conv3DBackpropFilterV2]: 3,
  [Conv3DBackpropInputV2]: 3,
};

/** Checks arguments that are no error elsewhere: TensorFlow ends the process on some, tfjs never ends its loops on others. */
export function checkArguments(): void {
  checkConvolutions();
  wrapKernel(GatherV2, (kernelFunc) => (parameters) => {
    const { axis, batchDims } = parameters.attrs as Record<string, unknown>;
    const rank = parameters.inputs['x']?.shape.length ?? 0;
    requireInteger('axis', axis, -rank, rank - 1);
    requireInteger('batchDims', batchDims ?? 0, -rank, rank);
    if ((axis as number) >= 0) return kernelFunc(parameters);
    return kernelFunc({
      ...parameters,
      attrs: { batchDims: batchDims as number, axis: (axis as number) + rank },
    });
  });
}

function checkConvolutions(): void {
  for (const [kernel, axes] of Object.entries(SPATIAL_AXES)) {
    wrapKernel(kernel, (kernelFunc) => (parameters) => {
      for (const [name, input] of Object.entries(parameters.inputs)) requireRank(name, input, axes + 2);
      const { strides, dilations, inputShape, filterShape } = parameters.attrs as Record<string, unknown>;
      requireSteps('strides', strides, axes);
      if (dilations !== undefined && dilations !== null) requireSteps('dilations', dilations, axes);
      if (inputShape !== undefined) requireShape('inputShape', inputShape, axes + 2);
      if (filterShape !== undefined) requireShape('filterShape', filterShape, axes + 2);
      return kernelFunc(parameters);
    });
  }
}

function requireRank(name: string, input: TensorInfo | undefined, rank: number): void {
  const found = input?.shape.length;
  if (found !== rank) throw new Error(`${name} must be a tensor of rank ${rank}, not ${found ?? 'missing'}`);
}

function requireSteps(name: string, value: unknown, axes: number): void {
  const steps: unknown[] = Array.isArray(value) ? value : [value];
  const isComplete = !Array.isArray(value) || value.length === axes;
  if (isComplete && steps.every((step) => Number.isInteger(step) && (step as number) > 0)) return;
  throw new Error(`${name} must be positive integers, not ${JSON.stringify(value)}`);
}

function requireInteger(name: string, value: unknown, smallest: number, largest: number): void {
  const isInside = (value as number) >= smallest && (value as number) <= largest;
  if (Number.isInteger(value) && isInside) return;
  throw new Error(`${name} must be an integer from ${smallest} to ${largest}, not ${String(value)}`);
}

function requireShape(name: string, value: unknown, rank: number): void {
  const isShape = Array.isArray(value) && value.length === rank;
  if (isShape && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) return;
  throw new Error(`${name} must be ${rank} sizes, not ${JSON.stringify(value)}`);
}
