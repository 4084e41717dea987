import { ToolkitError } from '../../core/errors.js';
import type { Pointer, TensorFlowApi } from './c-api.js';
import { DataType } from './data-types.js';
import { shapeArgument } from './tensors.js';

/** sizeof(TF_TString) of tensorflow/core/platform/ctstring_internal.h. */
const HEADER_BYTES = 24;
/** Up to so many bytes lie in the header itself, after a byte for their number and before a 0. */
const MAX_INLINE = HEADER_BYTES - 2;
/** What the lowest two bits of a header say: where the bytes are. */
const Kind = { SMALL: 0, LARGE: 1, OFFSET: 2, VIEW: 3 } as const;
const KIND_MASK = 3;

/**
 * A tensor of strings in TensorFlow's memory. Throws TENSORFLOW_FAILED where they do not fill the shape, and OUT_OF_MEMORY.
 *
 * The bytes of all strings follow the headers in the tensor's own block: TensorFlow frees that, but not what headers point to.
 */
export function newStringTensor(
  api: TensorFlowApi,
  shape: readonly number[],
  values: readonly Uint8Array[],
): Pointer {
  const operation = 'a new tensor';
  const sizes = shapeArgument(shape, operation, 0);
  if (values.length !== shape.reduce((product, size) => product * size, 1)) {
    const reason = `${values.length} strings for the shape [${shape.slice(0, 8).join(', ')}]`;
    throw new ToolkitError('TENSORFLOW_FAILED', { operation, reason });
  }
  const bytes = values.reduce((sum, { length }) => sum + bytesOutside(length), values.length * HEADER_BYTES);
  const tensor = api.TF_AllocateTensor(DataType.STRING, sizes, shape.length, bytes) as Pointer | null;
  const data = tensor && (api.TF_TensorData(tensor) as Pointer | null);
  if (tensor && bytes === 0) return tensor;
  if (!tensor || !data) {
    if (tensor) api.TF_DeleteTensor(tensor);
    throw new ToolkitError('OUT_OF_MEMORY', { reason: `no ${bytes} bytes for a tensor of strings` });
  }
  api.memcpy(data, encode(values, bytes, data), bytes);
  return tensor;
}

/** The strings of a tensor, copied. */
export function readStrings(api: TensorFlowApi, tensor: Pointer): Uint8Array[] {
  const count = api.TF_TensorElementCount(tensor);
  if (count === 0) return [];
  const headers = new Uint8Array(count * HEADER_BYTES);
  const data = api.TF_TensorData(tensor);
  api.memcpy(headers, data, headers.length);
  return Array.from({ length: count }, (_, index) => decode(api, headers, index * HEADER_BYTES, data));
}

function bytesOutside(length: number): number {
  return length > MAX_INLINE ? length + 1 : 0;
}

function encode(values: readonly Uint8Array[], bytes: number, address: Pointer): Uint8Array {
  const block = new Uint8Array(bytes);
  const view = new DataView(block.buffer);
  let end = values.length * HEADER_BYTES;
  values.forEach((value, index) => {
    const header = index * HEADER_BYTES;
    if (value.length <= MAX_INLINE) {
      block[header] = value.length << 2;
      block.set(value, header + 1);
      return;
    }
    // The kind whose bytes TensorFlow copies when it copies the string.
    view.setBigUint64(header, (BigInt(value.length) << 2n) | BigInt(Kind.LARGE), true);
    view.setBigUint64(header + 8, BigInt(value.length), true);
    view.setBigUint64(header + 16, BigInt.asUintN(64, address + BigInt(end)), true);
    block.set(value, end);
    end += bytesOutside(value.length);
  });
  return block;
}

function decode(api: TensorFlowApi, headers: Uint8Array, header: number, address: Pointer): Uint8Array {
  const view = new DataView(headers.buffer);
  const kind = headers[header]! & KIND_MASK;
  if (kind === Kind.SMALL) return headers.slice(header + 1, header + 1 + (headers[header]! >> 2));
  const isOffset = kind === Kind.OFFSET;
  const length = isOffset
    ? view.getUint32(header, true) >>> 2
    : Number(view.getBigUint64(header, true) >> 2n);
  const value = new Uint8Array(length);
  if (length === 0) return value;
  api.memcpy(
    value,
    isOffset ? address + BigInt(header + view.getUint32(header + 4, true)) : addressIn(view, header, kind),
    length,
  );
  return value;
}

function addressIn(view: DataView, header: number, kind: number): Pointer {
  return view.getBigUint64(header + (kind === Kind.LARGE ? 16 : 8), true);
}
