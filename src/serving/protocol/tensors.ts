import { HttpError } from '../http-errors.js';

/** A tensor as a request brings it: its values are bytes as they came, or numbers in nested or flat lists. */
export interface RequestTensor {
  name: string;
  datatype: string;
  shape: readonly number[];
  data: Uint8Array | readonly unknown[];
}

/** The datatypes of the protocol in which pixels are taken, and how many bytes each number has. */
const DATATYPES: Readonly<Record<string, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  UINT8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  INT32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  INT64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  FP32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
};

/** Lists in lists: as many as a tensor may have dimensions. */
const MAX_DEPTH = 8;

/**
 * A tensor's values as pixels from 0 to 255. Throws BAD_REQUEST where there are more or fewer than its shape says, or where a
 * value is no pixel.
 */
export function pixelsOf({ name, datatype, shape, data }: RequestTensor): Uint8Array {
  const kind = DATATYPES[datatype];
  if (!kind) {
    const known = Object.keys(DATATYPES).join(', ');
    throw new HttpError('BAD_REQUEST', `input "${name}": datatype must be one of ${known}`);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (!(data instanceof Uint8Array)) return pixelsOfNumbers(name, data, count);
  if (data.length !== count * kind.bytes) {
    const expected = `${count * kind.bytes} bytes of data`;
    throw new HttpError(
      'BAD_REQUEST',
      `input "${name}" has ${data.length} bytes, and its shape needs ${expected}`,
    );
  }
  if (datatype === 'UINT8') return data;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const pixels = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    pixels[index] = requirePixel(name, kind.read(view, index * kind.bytes));
  }
  return pixels;
}

function pixelsOfNumbers(name: string, data: readonly unknown[], count: number): Uint8Array {
  const values = flatten(name, data, []);
  // Before anything is allocated by what the shape claims.
  if (values.length !== count) {
    throw new HttpError(
      'BAD_REQUEST',
      `input "${name}" has ${values.length} values, and its shape needs ${count}`,
    );
  }
  return Uint8Array.from(values, (value) => requirePixel(name, value));
}

function flatten(name: string, data: readonly unknown[], found: unknown[], depth = 0): unknown[] {
  if (depth > MAX_DEPTH) throw new HttpError('BAD_REQUEST', `input "${name}": data is nested too deeply`);
  for (const value of data) {
    if (Array.isArray(value)) flatten(name, value, found, depth + 1);
    else found.push(value);
  }
  return found;
}

function requirePixel(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 255) return Math.round(value);
  throw new HttpError('BAD_REQUEST', `input "${name}": every value must be a number from 0 to 255`);
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
