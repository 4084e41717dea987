/** NumPy's names of the supported types. */
const TYPES = { float32: '<f4', uint8: '|u1' } as const;

const ALIGNMENT = 64;
/** The bytes before the header's text: magic string, version and length. */
const PREFIX = 10;

/**
 * Encodes an array in NumPy's .npy format (version 1.0), in parts to write one after the other.
 *
 * @param values row by row
 */
export function encodeNpy(values: Float32Array | Uint8Array, shape: readonly number[]): Uint8Array[] {
  const type = values instanceof Float32Array ? TYPES.float32 : TYPES.uint8;
  const tuple = shape.length === 1 ? `(${shape[0]!},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The data start at a multiple of 64; the header ends with a line feed.
  const length = Math.ceil((PREFIX + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(length, ' ');
  header.write('\u0093NUMPY\u0001\u0000', 0, 'latin1');
  header.writeUInt16LE(length - PREFIX, 8);
  header.write(`${text.padEnd(length - PREFIX - 1)}\n`, PREFIX, 'latin1');
  return [header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)];
}
