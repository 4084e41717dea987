import { Add, Maximum, Minimum, Multiply, RealDiv, Sub, type TensorInfo } from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { improveKernelFunction, tensorFlowOf } from './kernel-call.js';

/** Kernels by their TensorFlow operations, where both inputs and the output have one type. */
const OPERATIONS: readonly (readonly [kernel: string, operation: string])[] = [
  [Add, 'Add'],
  [Sub, 'Sub'],
  [Multiply, 'Mul'],
  [RealDiv, 'RealDiv'],
  [Maximum, 'Maximum'],
  [Minimum, 'Minimum'],
];

/** Fast paths for float32 tensors of the same shape, or of which one is a scalar: the output's shape is known. */
export function registerElementwiseKernels(): void {
  for (const [kernel, operation] of OPERATIONS) {
    improveKernelFunction(kernel, ({ inputs, backend }) => {
      const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
      if (a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
      const shape = commonShape(a.shape, b.shape);
      return shape && tensorFlowOf(backend).executeElementwise(operation, DataType.FLOAT, [a, b], shape);
    });
  }
}

function commonShape(a: number[], b: number[]): number[] | undefined {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  return a.length === b.length && a.every((size, axis) => size === b[axis]) ? a : undefined;
}
