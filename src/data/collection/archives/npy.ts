import { ToolkitError } from '../../../core/errors.js';
import { MAX_FILE_BYTES } from '../../../artifacts/idx.js';
import { corruptError } from '../../../core/files.js';

/** What the header of a NumPy array says. */
export interface NpyHeader {
  /** NumPy's name of the type: byte order, kind, bytes an element. */
  type: string;
  shape: readonly number[];
  headerBytes: number;
  /** How long the whole file must be. */
  fileBytes: number;
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** What NumPy writes is 128 bytes long; more than this is no header. */
export const MAX_NPY_HEADER_BYTES = 4096;
/** NumPy writes the three keys in this order, and the dictionary in this form. */
const DICTIONARY =
  /^\{'descr': '([<>|=][a-zA-Z]\d{1,2})', 'fortran_order': (True|False), 'shape': \((\d+,|\d+(?:, \d+)+,?)\), ?\} *\n$/;
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  b1: 1,
  u1: 1,
  i1: 1,
  u2: 2,
  i2: 2,
  u4: 4,
  i4: 4,
  u8: 8,
  i8: 8,
};

/**
 * Reads the header of an array (NEP 1, versions 1.0 to 3.0), or returns undefined where more of it is needed. Nothing but plain
 * integers in C order is accepted. Throws DATA_CORRUPT, or SOURCE_REFUSED for other numbers; both name `path`.
 */
export function parseNpyHeader(start: Buffer, path: string): NpyHeader | undefined {
  if (start.length < 12) return undefined;
  if (!start.subarray(0, 6).equals(MAGIC)) throw corruptError(path, 'not a NumPy array');
  const version = start[6]!;
  if (![1, 2, 3].includes(version) || start[7] !== 0) {
    throw corruptError(path, `a NumPy array of version ${version}.${start[7]}, where 1.0 to 3.0 are known`);
  }
  const [textBytes, textStart] = version === 1 ? [start.readUInt16LE(8), 10] : [start.readUInt32LE(8), 12];
  const headerBytes = textStart + textBytes;
  if (headerBytes > MAX_NPY_HEADER_BYTES) throw corruptError(path, `a header of ${headerBytes} bytes`);
  if (start.length < headerBytes) return undefined;

  const found = DICTIONARY.exec(start.toString('utf8', textStart, headerBytes));
  if (!found) throw corruptError(path, 'its header is not one that NumPy writes for a plain array');
  const [, type = '', order, sizes = ''] = found;
  if (order === 'True') throw corruptError(path, 'in Fortran order; save it in C order');
  const elementBytes = ELEMENT_BYTES[type.slice(1)];
  if (elementBytes === undefined) throw notIntegers(path, type);
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  const fileBytes = shape.reduce((product, size) => product * size, elementBytes) + headerBytes;
  if (shape.includes(0)) throw corruptError(path, `holds nothing: its shape is (${shape.join(', ')})`);
  if (fileBytes > MAX_FILE_BYTES)
    throw corruptError(path, `its header claims ${fileBytes} bytes, more than ${MAX_FILE_BYTES}`);
  return { type, shape, headerBytes, fileBytes };
}

const KINDS: Readonly<Record<string, string>> = { f: 'float', i: 'int', u: 'uint', c: 'complex' };

/** The error for an array whose type cannot be used, with what converts it. */
export function notIntegers(path: string, type: string): ToolkitError {
  const kind = KINDS[type[1]!];
  const name = kind === undefined ? type : `${kind}${8 * Number(type.slice(2))}`;
  const reason = `it holds ${name}, but images must be uint8 (0 to 255) and labels integers`;
  const hint = "convert images with (x * 255 / x.max()).astype('uint8'), labels with y.astype('uint8')";
  return new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
}

/** The elements of an array of whole numbers as texts, from the bytes after its header. */
export function* npyIntegers({ type }: NpyHeader, data: Buffer): Generator<string> {
  const bytes = ELEMENT_BYTES[type.slice(1)]!;
  const isSigned = type[1] === 'i';
  const isBig = type.startsWith('>');
  for (let at = 0; at + bytes <= data.length; at += bytes) {
    if (bytes <= 4) {
      const read = isSigned ? (isBig ? 'readIntBE' : 'readIntLE') : isBig ? 'readUIntBE' : 'readUIntLE';
      yield String(data[read](at, bytes));
    } else {
      const read = isSigned
        ? isBig
          ? 'readBigInt64BE'
          : 'readBigInt64LE'
        : isBig
          ? 'readBigUInt64BE'
          : 'readBigUInt64LE';
      yield String(data[read](at));
    }
  }
}
