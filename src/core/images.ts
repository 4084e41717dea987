/** The size of the images of a data set. */
export interface ImageShape {
  height: number;
  width: number;
  channels: number;
}

/** Images with labels, in memory as on disk: one byte per pixel channel and one per label. */
export interface LabelledImages {
  readonly count: number;
  readonly shape: ImageShape;
  /** Pixels from 0 to 255, image by image, row by row: [count, height, width, channels]. */
  readonly pixels: Uint8Array;
  /** Class numbers from 0. */
  readonly labels: Uint8Array;
  /** 1 for training images of the source's own validation split; undefined without one. */
  readonly isValidation?: Uint8Array;
}

/** Examples as a network takes them: images, or features that were computed from images. */
export interface Examples extends Omit<LabelledImages, 'pixels'> {
  /** Pixels, which are scaled; or features (float32), which are taken as they are. */
  readonly pixels: Uint8Array | Float32Array;
}

/** Maps a pixel from 0 to 255 to the model's input: `pixel × scale + offset`. */
export interface PixelScaling {
  readonly scale: number;
  readonly offset: number;
}

/** The number of values of an image, all channels included. */
export function pixelsPerImage({ height, width, channels }: ImageShape): number {
  return height * width * channels;
}

/**
 * The values of a batch of images at most: convolutions make about a hundred times as many of large images, and each core has its batch. Larger
 * batches of such images are no faster.
 */
const MOST_VALUES = 2 ** 21;

/** How many images of a shape are classified together: at most so many, and fewer where they are large. */
export function imagesTogether(most: number, shape: ImageShape, mostValues = MOST_VALUES): number {
  return Math.max(1, Math.min(most, Math.floor(mostValues / pixelsPerImage(shape))));
}

/** The number of elements of a tensor. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A view of one row of a matrix, or of one image: `length` values per row. */
export function rowOf<Values extends { subarray(start: number, end: number): Values }>(
  values: Values,
  row: number,
  length: number,
): Values {
  return values.subarray(row * length, (row + 1) * length);
}

/** Copies the rows of a matrix, or the images, at the given indices, in their order: `length` values per row. */
export function rowsAt<Values extends Uint8Array | Float32Array>(
  values: Values,
  indices: Int32Array | readonly number[],
  length: number,
): Values {
  const size = indices.length * length;
  const rows = (values instanceof Float32Array ? new Float32Array(size) : new Uint8Array(size)) as Values;
  indices.forEach((index, row) => {
    rows.set(rowOf(values as Uint8Array, index, length), row * length);
  });
  return rows;
}

/** The value of a constant image; undefined if its pixels differ. */
export function constantValue(pixels: Uint8Array): number | undefined {
  const [first] = pixels;
  return pixels.every((pixel) => pixel === first) ? first : undefined;
}

/** The indices from 0 to `count` − 1. */
export function allIndices(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index);
}

/** Grey images with their value in each of some channels: what a model in colour is shown of them. */
export function inChannels(images: LabelledImages, channels: number): LabelledImages {
  const { shape, pixels } = images;
  const repeated = new Uint8Array(pixels.length * channels);
  for (let index = 0; index < pixels.length; index++) {
    repeated.fill(pixels[index]!, index * channels, (index + 1) * channels);
  }
  return { ...images, shape: { ...shape, channels }, pixels: repeated };
}

/** Copies the images at the given indices, in their order. */
export function selectImages(
  { shape, pixels, labels, isValidation }: LabelledImages,
  indices: Int32Array | readonly number[],
): LabelledImages {
  return {
    count: indices.length,
    shape,
    pixels: rowsAt(pixels, indices, pixelsPerImage(shape)),
    labels: Uint8Array.from(indices, (index) => labels[index]!),
    ...(isValidation && { isValidation: Uint8Array.from(indices, (index) => isValidation[index]!) }),
  };
}
