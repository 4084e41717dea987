import { ToolkitError } from '../../../core/errors.js';
import type { NpzArray } from './npz-archive.js';

/** Arrays in Fortran order, and labels, are read completely before the first image. */
const MAX_WHOLE_BYTES = 2 ** 29;

/** Yields the bytes of an array image by image, each row by row. Throws SOURCE_REFUSED, DATA_CORRUPT or DATA_UNREADABLE. */
export async function* piecesOf(array: NpzArray): AsyncGenerator<Buffer> {
  const { shape, elementBytes, isFortran } = array.header;
  const elements = shape.slice(1).reduce((product, size) => product * size, 1);
  if (isFortran && elements > 1) yield* fortranPieces(array, elements);
  else yield* cutInto(array.read(), elements * elementBytes);
}

/** Reads a whole array. Throws SOURCE_REFUSED if it is too large. */
export async function wholeOf(array: NpzArray): Promise<Buffer> {
  const { path, header } = array;
  if (header.fileBytes > MAX_WHOLE_BYTES) {
    const reason = `${header.fileBytes} bytes ${header.isFortran ? 'in Fortran order' : 'of labels'}, more than ${MAX_WHOLE_BYTES}`;
    const hint =
      'save it in C order and with as few bytes an element as it needs: numpy.ascontiguousarray(x)';
    throw new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
  }
  const parts: Buffer[] = [];
  for await (const part of array.read()) parts.push(part);
  return Buffer.concat(parts);
}

/** Cuts a stream of bytes into pieces of equal length, each in a buffer of its own; an incomplete last piece is left out. */
export async function* cutInto(chunks: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(piece, filled, at, at + length - filled);
      filled += copied;
      at += copied;
      if (filled < length) continue;
      yield piece;
      piece = Buffer.allocUnsafe(length);
      filled = 0;
    }
  }
}

async function* fortranPieces(array: NpzArray, elements: number): AsyncGenerator<Buffer> {
  const { shape, elementBytes } = array.header;
  const [count = 0, ...sides] = shape;
  const data = await wholeOf(array);
  const places = fortranPlaces(sides, elements);
  for (let image = 0; image < count; image++) {
    const piece = Buffer.allocUnsafe(elements * elementBytes);
    for (const [index, place] of places.entries()) {
      const from = (image + count * place) * elementBytes;
      data.copy(piece, index * elementBytes, from, from + elementBytes);
    }
    yield piece;
  }
}

/** The position in Fortran order of each element of an image in C order. */
function fortranPlaces(sides: readonly number[], elements: number): Uint32Array {
  return Uint32Array.from({ length: elements }, (_, index) => {
    let rest = index;
    let place = 0;
    let step = elements;
    for (const side of [...sides].reverse()) {
      step /= side;
      place += (rest % side) * step;
      rest = Math.floor(rest / side);
    }
    return place;
  });
}
