import {
  AvgPool,
  AvgPool3D,
  AvgPool3DGrad,
  AvgPoolGrad,
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
  MaxPool,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  MaxPoolWithArgmax,
  RaggedTensorToTensor,
  ScatterNd,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import { wrapKernel } from './kernel-call.js';

/** The spatial axes of convolutions and pooling: 2 of an image, 3 of a volume. */
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
  [AvgPool]: 2,
  [AvgPoolGrad]: 2,
  [MaxPool]: 2,
  [MaxPoolGrad]: 2,
  [MaxPoolWithArgmax]: 2,
  [AvgPool3D]: 3,
  [AvgPool3DGrad]: 3,
  [MaxPool3D]: 3,
  [MaxPool3DGrad]: 3,
};

/** Checks arguments that are no error elsewhere: TensorFlow ends the process on some, tfjs never ends its loops on others. */
export function checkArguments(): void {
  checkWindows();
  wrapKernel(RaggedTensorToTensor, (kernelFunc) => (parameters) => {
    const { shape, rowPartitionTensors } = parameters.inputs as unknown as RaggedInputs;
    for (const { shape: sizes } of [shape, ...rowPartitionTensors]) {
      if (sizes.length > 1) throw new Error('shape and row partitions must be scalars or vectors');
    }
    return kernelFunc(parameters);
  });
  wrapKernel(ScatterNd, (kernelFunc) => (parameters) => {
    const { indices, updates } = parameters.inputs as unknown as ScatterInputs;
    // A vector of indices has one update for each, as a matrix has for each row.
    const updateAxes = Math.max(indices.shape.length - 1, 1);
    if (updates.shape.length < updateAxes) {
      throw new Error(`updates must have at least the rank ${updateAxes}, not ${updates.shape.length}`);
    }
    return kernelFunc(parameters);
  });
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

interface ScatterInputs {
  readonly indices: TensorInfo;
  readonly updates: TensorInfo;
}

interface RaggedInputs {
  readonly shape: TensorInfo;
  readonly rowPartitionTensors: readonly TensorInfo[];
}

function checkWindows(): void {
  for (const [kernel, axes] of Object.entries(SPATIAL_AXES)) {
    wrapKernel(kernel, (kernelFunc) => (parameters) => {
      for (const [name, input] of Object.entries(parameters.inputs)) requireRank(name, input, axes + 2);
      const given = parameters.attrs as Record<string, unknown>;
      const { strides, dilations, filterSize, inputShape, filterShape } = given;
      requireSteps('strides', strides, axes);
      if (filterSize !== undefined) requireSteps('filterSize', filterSize, axes);
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
