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

/** Checks the arguments of convolutions: TensorFlow ends the process on some ranks, strides and shapes. */
export function checkConvolutions(): void {
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

function requireShape(name: string, value: unknown, rank: number): void {
  const isShape = Array.isArray(value) && value.length === rank;
  if (isShape && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) return;
  throw new Error(`${name} must be ${rank} sizes, not ${JSON.stringify(value)}`);
}
