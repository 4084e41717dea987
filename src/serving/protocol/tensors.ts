import { HttpError } from '../http-errors.js';
import type { ListedNumbers } from './number-lists.js';
import { requirePixel } from './pixels.js';

/** A tensor as a request brings it: its values are bytes as they came, or numbers from lists. */
export interface RequestTensor {
  name: string;
  datatype: string;
  shape: readonly number[];
  data: Uint8Array | ListedNumbers;
}

interface Datatype {
  bytes: number;
  read: (view: DataView, at: number) => number;
}

/** The datatypes of the protocol in which pixels are taken, and how many bytes each number has. */
const DATATYPES: ReadonlyMap<string, Datatype> = new Map([
  ['UINT8', { bytes: 1, read: (view, at) => view.getUint8(at) }],
  ['INT32', { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  ['INT64', { bytes: 8, read: readInt64 }],
  ['FP32', { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
]);

/**
 * A tensor's values as pixels from 0 to 255. Throws BAD_REQUEST where there are more or fewer than its shape says, or where a
 * value is no pixel, and BODY_TOO_LARGE where there are too many.
 */
export function pixelsOf({ name, datatype, shape, data }: RequestTensor, maxValues: number): Uint8Array {
  const kind = DATATYPES.get(datatype);
  if (!kind) {
    const known = [...DATATYPES.keys()].join(', ');
    throw new HttpError('BAD_REQUEST', `input "${name}": datatype must be one of ${known}`);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (!(data instanceof Uint8Array)) return pixelsOfLists(name, data, shape, count);
  if (data.length !== count * kind.bytes) {
    const expected = `${count * kind.bytes} bytes of data`;
    throw new HttpError(
      'BAD_REQUEST',
      `input "${name}" has ${data.length} bytes, and its shape needs ${expected}`,
    );
  }
  if (count > maxValues) {
    throw new HttpError(
      'BODY_TOO_LARGE',
      `input "${name}" has more than the ${maxValues} values that may wait`,
    );
  }
  if (datatype === 'UINT8') return data;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const pixels = new Uint8Array(count);
  for (let index = 0; index < count; index++)
    pixels[index] = requirePixel(kind.read(view, index * kind.bytes));
  return pixels;
}

function pixelsOfLists(
  name: string,
  { values, depth, isUniform }: ListedNumbers,
  shape: readonly number[],
  count: number,
): Uint8Array {
  if (depth > shape.length) {
    throw new HttpError(
      'BAD_REQUEST',
      `input "${name}": data has ${depth} dimensions, its shape ${shape.length}`,
    );
  }
  if (!isUniform) throw new HttpError('BAD_REQUEST', `input "${name}": the lists of data differ in length`);
  if (values.length === count) return values;
  throw new HttpError(
    'BAD_REQUEST',
    `input "${name}" has ${values.length} values, and its shape needs ${count}`,
  );
}

/** Without a BigInt for each number: pixels need no more than the lower half. */
function readInt64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) === 0 ? view.getUint32(at, true) : -1;
}
/** An output tensor. */
export interface ResponseTensor {
  name: string;
  datatype: 'FP32' | 'INT32' | 'BOOL' | 'BYTES';
  shape: number[];
  values: Float32Array | Int32Array | readonly boolean[] | readonly string[];
}

/**
 * The bytes of an output, in the protocol's little-endian order (which every platform of Node.js has). A text comes after its
 * length in bytes; a truth value is a byte.
 */
export function bytesOf({ values }: ResponseTensor): Uint8Array {
  if (ArrayBuffer.isView(values)) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat(
    values.map((value) => {
      if (typeof value === 'boolean') return Buffer.of(Number(value));
      const text = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return Buffer.concat([length, text]);
    }),
  );
}
