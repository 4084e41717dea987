import { ToolkitError } from '../../../core/errors.js';
import { MAX_FILE_BYTES } from '../../../artifacts/idx.js';
import { corruptError } from '../../../core/files.js';

/** The header of a NumPy array. */
export interface NpyHeader {
  /** NumPy's type string: byte order, kind, item size. */
  type: string;
  shape: readonly number[];
  /** Whether the array is in Fortran order. */
  isFortran: boolean;
  /** The item size in bytes. */
  elementBytes: number;
  headerBytes: number;
  /** The expected size of the whole file. */
  fileBytes: number;
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy writes 128 bytes; larger headers are refused. */
export const MAX_NPY_HEADER_BYTES = 4096;
/** NumPy writes the three keys in this order, and the dictionary in this form. */
const DICTIONARY =
  /^\{'descr': '([<>|=][a-zA-Z]\d{0,4})', 'fortran_order': (True|False), 'shape': \((\d+,|\d+(?:, \d+)+,?)\), ?\} *\n$/;
/** The valid item sizes of numeric kinds; string items have any number of characters of the size below. */
const NUMBER_BYTES: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  u: [1, 2, 4, 8],
  i: [1, 2, 4, 8],
  f: [2, 4, 8],
};
const LETTER_BYTES: Readonly<Record<string, number>> = { U: 4, S: 1 };

/**
 * Parses the header of an array (NEP 1, versions 1.0 to 3.0); undefined if more bytes are needed. Accepts numbers and strings. Throws
 * DATA_CORRUPT, or SOURCE_REFUSED for other types; both name `path`.
 */
export function parseNpyHeader(start: Buffer, path: string): NpyHeader | undefined {
  if (start.length < 12) return undefined;
  if (!start.subarray(0, 6).equals(MAGIC)) throw corruptError(path, 'not a NumPy array');
  const version = start[6]!;
  if (![1, 2, 3].includes(version) || start[7] !== 0) {
    throw corruptError(path, `a NumPy array of version ${version}.${start[7]}; 1.0 to 3.0 are supported`);
  }
  const [textBytes, textStart] = version === 1 ? [start.readUInt16LE(8), 10] : [start.readUInt32LE(8), 12];
  const headerBytes = textStart + textBytes;
  if (headerBytes > MAX_NPY_HEADER_BYTES) throw corruptError(path, `a header of ${headerBytes} bytes`);
  if (start.length < headerBytes) return undefined;

  const found = DICTIONARY.exec(start.toString('utf8', textStart, headerBytes));
  if (!found) throw corruptError(path, 'its header is not one that NumPy writes for a plain array');
  const [, type = '', order, sizes = ''] = found;
  const elementBytes = bytesOf(type);
  if (elementBytes === undefined) throw notPlain(path, type);
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  const fileBytes = shape.reduce((product, size) => product * size, elementBytes) + headerBytes;
  if (shape.includes(0)) throw corruptError(path, `holds nothing: its shape is (${shape.join(', ')})`);
  if (fileBytes > MAX_FILE_BYTES)
    throw corruptError(path, `its header claims ${fileBytes} bytes, more than ${MAX_FILE_BYTES}`);
  return { type, shape, isFortran: order === 'True', elementBytes, headerBytes, fileBytes };
}

function bytesOf(type: string): number | undefined {
  const [kind, size] = [type[1]!, Number(type.slice(2))];
  const letter = LETTER_BYTES[kind];
  if (letter !== undefined) return size > 0 ? letter * size : undefined;
  return NUMBER_BYTES[kind]?.includes(size) ? size : undefined;
}

/** The error for an array of an unsupported type, with a hint on how to convert it. */
function notPlain(path: string, type: string): ToolkitError {
  const isObject = type[1] === 'O';
  const reason = isObject ? 'it holds Python objects' : `it holds elements of the type ${type}`;
  const hint =
    "images must be numbers, for example x.astype('uint8'), and labels numbers or texts: y.astype(str)";
  return new ToolkitError('SOURCE_REFUSED', { path, reason: `${reason}, not plain numbers or texts`, hint });
}
