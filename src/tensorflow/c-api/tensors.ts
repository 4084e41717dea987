import { ToolkitError } from '../../core/errors.js';
import type { Pointer, TensorFlowApi } from './c-api.js';
import { DataType } from './data-types.js';

/** A tensor in JavaScript memory; `type` is a `DataType`. */
export interface HostTensor {
  type: number;
  shape: readonly number[];
  values: Float32Array | Int32Array | Uint8Array;
}

/** `TensorShape::MaxDimensions()` of tensorflow/core/framework/tensor_shape.h. */
const MAX_RANK = 254;

/** Bytes per element, of the types that can be copied. */
export const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  [DataType.FLOAT]: 4,
  [DataType.INT32]: 4,
  [DataType.UINT8]: 1,
  [DataType.COMPLEX64]: 8,
  [DataType.INT64]: 8,
  [DataType.BOOL]: 1,
};

/**
 * Copies a tensor to TensorFlow's memory. Throws TENSORFLOW_FAILED if the values do not match the shape, which TensorFlow does not
 * check, or for a shape that would abort the process (a negative size, a high rank), and OUT_OF_MEMORY.
 *
 * @param operation the tensor's purpose, for messages
 */
export function newTensor(api: TensorFlowApi, tensor: HostTensor, operation = 'a new tensor'): Pointer {
  requireFit(tensor, operation);
  const { values } = tensor;
  const { pointer, data } = allocate(api, tensor, values.byteLength);
  if (data !== null) api.memcpy(data, values, values.byteLength);
  return pointer;
}

/**
 * A tensor in TensorFlow's memory whose content is written later, and again and again. Throws TENSORFLOW_FAILED for a shape or type that
 * TensorFlow does not have, and OUT_OF_MEMORY.
 */
export function emptyTensor(
  api: TensorFlowApi,
  { type, shape }: Omit<HostTensor, 'values'>,
  operation: string,
): { pointer: Pointer; data: Pointer; bytes: number } {
  shapeArgument(shape, operation, 0);
  const size = ELEMENT_BYTES[type];
  if (size === undefined) throw refusedType(operation, type);
  const bytes = shape.reduce((product, length) => product * length, size);
  const { pointer, data } = allocate(api, { type, shape }, bytes);
  return { pointer, data: data ?? 0n, bytes };
}

function allocate(
  api: TensorFlowApi,
  { type, shape }: Omit<HostTensor, 'values'>,
  bytes: number,
): { pointer: Pointer; data: Pointer | null } {
  const pointer = api.TF_AllocateTensor(type, toInt64(shape), shape.length, bytes) as Pointer | null;
  if (!pointer) throw outOfMemory(bytes, shape);
  if (bytes === 0) return { pointer, data: null };
  const data = api.TF_TensorData(pointer) as Pointer | null;
  if (data) return { pointer, data };
  api.TF_DeleteTensor(pointer);
  throw outOfMemory(bytes, shape);
}

/** Throws TENSORFLOW_FAILED if the values of a tensor do not match its shape and type. */
export function requireFit({ type, shape, values: { byteLength } }: HostTensor, operation: string): void {
  shapeArgument(shape, operation, 0);
  const size = ELEMENT_BYTES[type];
  if (size === undefined) throw refusedType(operation, type);
  if (byteLength === shape.reduce((product, length) => product * length, size)) return;
  throw failure(operation, `${byteLength} bytes for the ${nameOf(shape)} and the type ${type}`);
}

/**
 * Converts a shape for TensorFlow's C API. Throws TENSORFLOW_FAILED for a shape that would abort the process.
 *
 * @param smallest the smallest allowed size of an axis; -1 allows unknown sizes
 */
export function shapeArgument(shape: readonly number[], operation: string, smallest: 0 | -1): BigInt64Array {
  if (shape.length > MAX_RANK) {
    throw failure(operation, `${shape.length} axes, but TensorFlow allows ${MAX_RANK}`);
  }
  // TensorFlow multiplies the sizes from left to right and aborts the process on overflow.
  let elements = 1;
  for (const size of shape) {
    if (size > 0) elements *= size;
    const isSize = Number.isSafeInteger(size) && size >= smallest;
    if (!isSize || !Number.isSafeInteger(elements)) throw failure(operation, `the ${nameOf(shape)}`);
  }
  return toInt64(shape);
}

/** Converts integers to int64 for the C API. */
export function toInt64(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}

/** The TENSORFLOW_FAILED error for an unsupported tensor or attribute type. */
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
