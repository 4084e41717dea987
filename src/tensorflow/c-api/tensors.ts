import { ToolkitError } from '../../core/errors.js';
import type { Pointer, TensorFlowApi } from './c-api.js';
import { DataType } from './data-types.js';

/** Values of a tensor on this side of the FFI. */
export interface HostTensor {
  type: number;
  shape: readonly number[];
  values: Float32Array | Int32Array | Uint8Array;
}

/** `TensorShape::MaxDimensions()` of tensorflow/core/framework/tensor_shape.h. */
const MAX_RANK = 254;

/** The size of an element of the types whose values can be copied. */
export const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  [DataType.FLOAT]: 4,
  [DataType.INT32]: 4,
  [DataType.UINT8]: 1,
  [DataType.COMPLEX64]: 8,
  [DataType.INT64]: 8,
  [DataType.BOOL]: 1,
};

/**
 * A tensor in TensorFlow's memory with a copy of some values. Throws TENSORFLOW_FAILED where the values do not fill the shape, which
 * TensorFlow does not check, or where it would end the process (a negative size, a high rank), and OUT_OF_MEMORY.
 *
 * @param operation what the tensor is for, in messages
 */
export function newTensor(api: TensorFlowApi, tensor: HostTensor, operation = 'a new tensor'): Pointer {
  requireFit(tensor, operation);
  const { type, shape, values } = tensor;
  const bytes = values.byteLength;
  const created = api.TF_AllocateTensor(type, toInt64(shape), shape.length, bytes) as Pointer | null;
  if (!created) throw outOfMemory(bytes, shape);
  if (bytes === 0) return created;
  const data = api.TF_TensorData(created) as Pointer | null;
  if (!data) {
    api.TF_DeleteTensor(created);
    throw outOfMemory(bytes, shape);
  }
  api.memcpy(data, values, bytes);
  return created;
}

/** Throws TENSORFLOW_FAILED where values do not fill their shape. */
export function requireFit({ type, shape, values: { byteLength } }: HostTensor, operation: string): void {
  shapeArgument(shape, operation, 0);
  const size = ELEMENT_BYTES[type];
  if (size === undefined) throw refusedType(operation, type);
  if (byteLength === shape.reduce((product, length) => product * length, size)) return;
  throw failure(operation, `${byteLength} bytes for the ${nameOf(shape)} and the type ${type}`);
}

/**
 * A shape as TensorFlow's C API takes it. Throws TENSORFLOW_FAILED for a shape that would end the process.
 *
 * @param smallest the smallest size that an axis may have; -1 stands for one that is not known yet
 */
export function shapeArgument(shape: readonly number[], operation: string, smallest: 0 | -1): BigInt64Array {
  if (shape.length > MAX_RANK) {
    throw failure(operation, `${shape.length} axes, and TensorFlow allows ${MAX_RANK}`);
  }
  // TensorFlow multiplies the sizes from left to right, and ends the process where that overflows.
  let elements = 1;
  for (const size of shape) {
    if (size > 0) elements *= size;
    const isSize = Number.isSafeInteger(size) && size >= smallest;
    if (!isSize || !Number.isSafeInteger(elements)) throw failure(operation, `the ${nameOf(shape)}`);
  }
  return toInt64(shape);
}

/** 64-bit integers for the C API. */
export function toInt64(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}

/** The error for a type of tensor or attribute that cannot be passed on. */
export function refusedType(operation: string, type: number): ToolkitError {
  return failure(operation, `type ${type} is not supported`);
}

function failure(operation: string, reason: string): ToolkitError {
  return new ToolkitError('TENSORFLOW_FAILED', { operation, reason });
}

function outOfMemory(bytes: number, shape: readonly number[]): ToolkitError {
  return new ToolkitError('OUT_OF_MEMORY', {
    reason: `no ${bytes} bytes for a tensor of the ${nameOf(shape)}`,
  });
}

function nameOf(shape: readonly number[]): string {
  const first = shape.slice(0, 8).join(', ');
  return `shape [${shape.length > 8 ? `${first}, …` : first}]`;
}
