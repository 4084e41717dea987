import { z } from 'zod';

import { ToolkitError } from '../../../core/errors.js';
import { shortened } from '../../../core/format.js';
import { elementCount } from '../../../core/images.js';
import { fromHalf, type ForeignArray } from './array.js';

const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 16 * 2 ** 20;

interface ElementType {
  bytes: number;
  read: (view: DataView, offset: number) => number;
}

/** The types that weights are read from; others, such as the count of batches, are left out. */
const types: Readonly<Record<string, ElementType>> = {
  F64: { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) },
  F32: { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) },
  F16: { bytes: 2, read: (view, offset) => fromHalf(view.getUint16(offset, true)) },
  BF16: { bytes: 2, read: bfloat16 },
};

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function bfloat16(view: DataView, offset: number): number {
  scratch.setUint32(0, view.getUint16(offset, true) << 16);
  return scratch.getFloat32(0);
}

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

/**
 * The arrays of floats of a safetensors file (Hugging Face's format) from elsewhere. The tensors must follow each other up to the end of
 * the file, and the size of each must be that of its shape. Throws MODEL_UNREADABLE.
 *
 * @param path what messages call the file
 */
export function readForeignSafetensors(file: Uint8Array, path: string): ReadonlyMap<string, ForeignArray> {
  const refuse = (reason: string): never => {
    throw new ToolkitError('MODEL_UNREADABLE', { path, reason });
  };
  const { header, data } = splitFile(file, refuse);
  const arrays = new Map<string, ForeignArray>();
  const parsed = Object.entries(header).flatMap(([name, value]) => {
    if (name === '__metadata__') return [];
    const entry = entrySchema.safeParse(value);
    return [{ name, ...(entry.data ?? refuse(`the entry of tensor ${shortened(name)} is malformed`)) }];
  });
  parsed.sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  let expected = 0;
  for (const { name, dtype, shape, data_offsets: offsets } of parsed) {
    const [start, end] = offsets;
    const type = types[dtype];
    const fits = type === undefined || end - start === type.bytes * elementCount(shape);
    if (start !== expected || end < start || end > data.byteLength || !fits) {
      refuse(`the offsets of tensor ${shortened(name)} do not match its shape or the previous tensor`);
    }
    expected = end;
    if (type) arrays.set(name, { shape, values: () => valuesOf(data, start, elementCount(shape), type) });
  }
  if (expected !== data.byteLength) refuse(`${data.byteLength - expected} bytes follow its last tensor`);
  return arrays;
}

function splitFile(
  file: Uint8Array,
  refuse: (reason: string) => never,
): { header: Record<string, unknown>; data: DataView } {
  if (file.length < LENGTH_BYTES) refuse(`it has only ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const claimed = view.getBigUint64(0, true);
  const available = Math.min(MAX_HEADER_BYTES, file.length - LENGTH_BYTES);
  if (claimed > BigInt(available)) {
    refuse(`its header claims ${claimed} bytes, but at most ${available} are possible`);
  }
  const end = LENGTH_BYTES + Number(claimed);
  const header = parseHeader(file.subarray(LENGTH_BYTES, end)) ?? refuse('its header is not a JSON object');
  return { header, data: new DataView(file.buffer, file.byteOffset + end, file.length - end) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function valuesOf(data: DataView, start: number, count: number, { bytes, read }: ElementType): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => read(data, start + index * bytes));
}
