import type { ToolkitError } from '../core/errors.js';
import { corruptError } from '../core/files.js';

/** The content of an IDX file: images have three dimensions (four with channels), labels one. */
export type IdxContent = 'images' | 'labels';

export interface IdxHeader {
  dimensions: readonly number[];
  headerBytes: number;
  /** The expected size of the whole file. */
  fileBytes: number;
}

const UNSIGNED_BYTE = 0x08;
const MAX_RANK = 4;
const MAX_SIDE = 8192;
/** 1 TiB; a header that claims more is damaged. */
export const MAX_FILE_BYTES = 2 ** 40;
/** The size of the longest accepted header. */
export const MAX_HEADER_BYTES = 4 + 4 * MAX_RANK;

/**
 * Parses the header of an IDX file (the format of the MNIST database: two zero bytes, the element type, the number of
 * dimensions, and each dimension as a big-endian 32-bit number). Throws DATA_CORRUPT, which names `path`.
 *
 * @param start the beginning of the file: MAX_HEADER_BYTES, or all of a shorter file
 */
export function parseIdxHeader(start: Uint8Array, content: IdxContent, path: string): IdxHeader {
  const [zero0, zero1, type, rank = 0] = start;
  if (start.length < 4)
    throw corruptError(path, `only ${start.length} bytes long, too short for an IDX file`);
  if (zero0 !== 0 || zero1 !== 0) throw corruptError(path, `not an IDX file: it starts with ${hex(start)}`);
  if (type !== UNSIGNED_BYTE) {
    throw corruptError(
      path,
      `elements of IDX type 0x${(type ?? 0).toString(16).padStart(2, '0')} instead of bytes (0x08)`,
    );
  }
  const ranks = content === 'labels' ? [1] : [3, 4];
  if (!ranks.includes(rank))
    throw corruptError(path, `it has ${rank} dimensions, but ${content} have ${ranks.join(' or ')}`);
  const headerBytes = 4 + 4 * rank;
  if (start.length < headerBytes) throw corruptError(path, 'ends within its header');

  const view = new DataView(start.buffer, start.byteOffset, headerBytes);
  const dimensions = Array.from({ length: rank }, (_, index) => view.getUint32(4 + 4 * index));
  const [count = 0, ...sides] = dimensions;
  if (count === 0) throw corruptError(path, 'it is empty: its header says 0');
  if (sides.some((side) => side === 0 || side > MAX_SIDE)) {
    throw corruptError(path, `images of ${sides.join('×')} pixels; each side must be 1 to ${MAX_SIDE}`);
  }
  const fileBytes = dimensions.reduce((product, size) => product * size, 1) + headerBytes;
  if (fileBytes > MAX_FILE_BYTES)
    throw corruptError(path, `its header claims ${fileBytes} bytes; the limit is ${MAX_FILE_BYTES}`);
  return { dimensions, headerBytes, fileBytes };
}

/** The elements of a complete IDX file, as a view. Throws DATA_CORRUPT if its length does not match its header. */
export function parseIdx(
  file: Uint8Array,
  content: IdxContent,
  path: string,
): { dimensions: readonly number[]; data: Uint8Array } {
  const { dimensions, headerBytes, fileBytes } = parseIdxHeader(
    file.subarray(0, MAX_HEADER_BYTES),
    content,
    path,
  );
  if (file.length !== fileBytes) throw wrongLength(path, fileBytes, file.length);
  return { dimensions, data: file.subarray(headerBytes) };
}

/** The error for a file whose length does not match its header. */
export function wrongLength(path: string, expected: number, found: number): ToolkitError {
  const what = found < expected ? 'truncated' : 'too long';
  return corruptError(path, `${what}: ${found} bytes, but its header says ${expected}`);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
