/** The types of arrays that are written, as NumPy calls them. */
const TYPES = { float32: '<f4', uint8: '|u1' } as const;

const ALIGNMENT = 64;
/** What comes before the header's text: the magic word, the version and the text's length. */
const PREFIX = 10;

/**
 * Lays an array out as a file of NumPy's format .npy (version 1.0), in parts to be written one after the other.
 *
 * @param values row by row
 */
export function encodeNpy(values: Float32Array | Uint8Array, shape: readonly number[]): Uint8Array[] {
  const type = values instanceof Float32Array ? TYPES.float32 : TYPES.uint8;
  const tuple = shape.length === 1 ? `(${shape[0]!},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The data start at a multiple of 64; the last character of the header is a line's end.
  const length = Math.ceil((PREFIX + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(length, ' ');
  header.write('\u0093NUMPY\u0001\u0000', 0, 'latin1');
  header.writeUInt16LE(length - PREFIX, 8);
  header.write(`${text.padEnd(length - PREFIX - 1)}\n`, PREFIX, 'latin1');
  return [header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)];
}
