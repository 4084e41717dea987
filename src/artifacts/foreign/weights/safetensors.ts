import { z } from 'zod';

import { ToolkitError } from '../../../core/errors.js';
import { elementCount } from '../../../core/images.js';
import { fromHalf } from '../../../core/numerics/half.js';
import {
  headerLength,
  LENGTH_BYTES,
  SafetensorsError,
  tensorPlace,
  tensorsInOrder,
} from '../../safetensors.js';
import type { ForeignArray } from './array.js';

interface ElementType {
  bytes: number;
  read: (view: DataView, offset: number) => number;
}

/** The types that weights are read from; others, such as the count of batches, are left out. */
const types: ReadonlyMap<string, ElementType> = new Map([
  ['F64', { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) }],
  ['F32', { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) }],
  ['F16', { bytes: 2, read: (view, offset) => fromHalf(view.getUint16(offset, true)) }],
  ['BF16', { bytes: 2, read: bfloat16 }],
]);

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function bfloat16(view: DataView, offset: number): number {
  scratch.setUint32(0, view.getUint16(offset, true) << 16);
  return scratch.getFloat32(0);
}

const entrySchema = z.object({ dtype: z.string(), ...tensorPlace });

/**
 * The arrays of floats of a safetensors file (Hugging Face's format) from elsewhere. The tensors must follow each other up to the end of
 * the file, and the size of each must be that of its shape. Throws MODEL_UNREADABLE.
 *
 * @param path what messages call the file
 */
export function readForeignSafetensors(file: Uint8Array, path: string): ReadonlyMap<string, ForeignArray> {
  try {
    return readArrays(file);
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw new ToolkitError('MODEL_UNREADABLE', { path, reason: error.message }, { cause: error });
  }
}

function readArrays(file: Uint8Array): Map<string, ForeignArray> {
  const end = headerLength(file, file.length);
  const header = parseHeader(file.subarray(LENGTH_BYTES, end));
  const data = new DataView(file.buffer, file.byteOffset + end, file.length - end);
  const tensors = Object.fromEntries(Object.entries(header).filter(([name]) => name !== '__metadata__'));
  const arrays = new Map<string, ForeignArray>();
  const widthOf = (type: string): number | undefined => types.get(type)?.bytes;
  for (const { name, dtype, shape, data_offsets: offsets } of tensorsInOrder(
    tensors,
    entrySchema,
    data.byteLength,
    widthOf,
  )) {
    const type = types.get(dtype);
    if (type)
      arrays.set(name, { shape, values: () => valuesOf(data, offsets[0], elementCount(shape), type) });
  }
  return arrays;
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new SafetensorsError('its header is not a JSON object');
  }
}

function valuesOf(data: DataView, start: number, count: number, { bytes, read }: ElementType): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => read(data, start + index * bytes));
}
