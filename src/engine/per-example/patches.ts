import {
  gather,
  matMul,
  pad,
  reshape,
  slice,
  stridedSlice,
  tensor1d,
  tensor2d,
  type backend_util,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/** The pixels under the filter of a convolution, at each place. */
export interface Patches {
  /** Those of all offsets in the filter together, or of one offset after the other, row by row; their channels side by side. */
  parts: Tensor3D[];
  /** Whether they are [n, pixels, places]; else [n, places, pixels]. */
  hasPlacesLast: boolean;
}

/** The pixels of an image's patches up to which they are copied for all offsets together: many small products take longer than that. */
const FEW = 65_536;
/** Channels from which a pixel is copied as a whole. Fewer are copied one by one too slowly. */
const CHANNELS = 4;

/**
 * The patches of a batch, for which images are copied as many times as the filter has pixels; those of large images come for one offset
 * after the other, to take less memory.
 */
export function patchesOf(input: Tensor4D, info: backend_util.Conv2DInfo): Patches {
  const { filterHeight, filterWidth, inChannels, outHeight, outWidth } = info;
  const window = filterHeight * filterWidth;
  const isFew = outHeight * outWidth * window * inChannels <= FEW;
  if (window === 1 || !isFew) return { parts: patchesByOffset(input, info), hasPlacesLast: false };
  return inChannels < CHANNELS
    ? { parts: [patchesByRow(input, info)], hasPlacesLast: true }
    : { parts: [patchesByPixel(input, info)], hasPlacesLast: false };
}

/** The pixels that each offset in the filter sees: [n, places, channels], row by row of the filter. */
export function patchesByOffset(input: Tensor4D, info: backend_util.Conv2DInfo): Tensor3D[] {
  const { outHeight, outWidth, strideHeight, strideWidth, inChannels } = info;
  const padded = zeroPadded(input, info);
  return offsetsOf(info).map((offset) => {
    const pixels = pixelsFrom(padded, offset, [outHeight, outWidth], [strideHeight, strideWidth]);
    return reshape(pixels, [input.shape[0], outHeight * outWidth, inChannels]);
  });
}

/** Copies the pixels of each patch: [n, places, pixels · channels]. */
function patchesByPixel(input: Tensor4D, info: backend_util.Conv2DInfo): Tensor3D {
  const { outHeight, outWidth, strideHeight, strideWidth, inChannels } = info;
  const padded = zeroPadded(input, info);
  const [n, height, width] = padded.shape;
  const offsets = offsetsOf(info);
  const indices = Int32Array.from({ length: outHeight * outWidth * offsets.length }, (_, at) => {
    const place = Math.floor(at / offsets.length);
    const [row, column] = offsets[at % offsets.length]!;
    return (
      (Math.floor(place / outWidth) * strideHeight + row) * width + (place % outWidth) * strideWidth + column
    );
  });
  const pixels = gather(reshape(padded, [n, height * width, inChannels]), tensor1d(indices, 'int32'), 1);
  return reshape(pixels, [n, outHeight * outWidth, offsets.length * inChannels]);
}

/**
 * For few channels, [n, pixels · channels, places]: a matrix of zeros and ones copies each row of an image for the columns of the filter,
 * so that a row of places lies together, and whole rows are copied for the rows of the filter.
 */
function patchesByRow(input: Tensor4D, info: backend_util.Conv2DInfo): Tensor3D {
  const { outHeight, outWidth, strideHeight, filterHeight, filterWidth, inChannels, padInfo } = info;
  const padded = zeroPadded(input, { padInfo: { ...padInfo, left: 0, right: 0 } });
  const [n, height, width] = padded.shape;
  const copies = filterWidth * inChannels;
  const lines: Tensor2D = reshape(padded, [n * height, width * inChannels]);
  const shifted = matMul(lines, columnCopies(info));
  const indices = Int32Array.from({ length: filterHeight * copies * outHeight }, (_, at) => {
    const [line, place] = [Math.floor(at / outHeight), at % outHeight];
    return (place * strideHeight + Math.floor(line / copies)) * copies + (line % copies);
  });
  const rows = gather(reshape(shifted, [n, height * copies, outWidth]), tensor1d(indices, 'int32'), 1);
  return reshape(rows, [n, filterHeight * copies, outHeight * outWidth]);
}

/** Maps a row of an image, [width · channels], to [filter width · channels · columns of places]; beyond the image there are zeros. */
function columnCopies({
  filterWidth,
  inWidth,
  inChannels,
  outWidth,
  strideWidth,
  padInfo,
}: backend_util.Conv2DInfo): Tensor2D {
  const length = filterWidth * inChannels * outWidth;
  const values = new Float32Array(inWidth * inChannels * length);
  for (let to = 0; to < length; to++) {
    const [copy, place] = [Math.floor(to / outWidth), to % outWidth];
    const column = place * strideWidth + Math.floor(copy / inChannels) - padInfo.left;
    if (column < 0 || column >= inWidth) continue;
    values[(column * inChannels + (copy % inChannels)) * length + to] = 1;
  }
  return tensor2d(values, [inWidth * inChannels, length]);
}

/** The rows and columns of a filter's pixels. */
function offsetsOf({
  filterHeight,
  filterWidth,
}: backend_util.Conv2DInfo): (readonly [row: number, column: number])[] {
  return Array.from({ length: filterHeight * filterWidth }, (_, offset) => [
    Math.floor(offset / filterWidth),
    offset % filterWidth,
  ]);
}

function zeroPadded(input: Tensor4D, { padInfo }: Pick<backend_util.Conv2DInfo, 'padInfo'>): Tensor4D {
  const { top, bottom, left, right } = padInfo;
  if (top + bottom + left + right === 0) return input;
  return pad(input, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}

function pixelsFrom(
  input: Tensor4D,
  [row, column]: readonly [number, number],
  [height, width]: readonly [number, number],
  [down, across]: readonly [number, number],
): Tensor4D {
  const [examples, , , channels] = input.shape;
  if (down === 1 && across === 1) {
    const isWhole = input.shape[1] === height && input.shape[2] === width;
    return isWhole ? input : slice(input, [0, row, column, 0], [examples, height, width, channels]);
  }
  const end = [examples, row + (height - 1) * down + 1, column + (width - 1) * across + 1, channels];
  return stridedSlice(input, [0, row, column, 0], end, [1, down, across, 1]) as Tensor4D;
}
