/** The size of the images of a data set. */
export interface ImageShape {
  height: number;
  width: number;
  channels: number;
}

/** Images and what they show, as they lie in memory and on the disk: one byte a pixel and one a label. */
export interface LabelledImages {
  readonly count: number;
  readonly shape: ImageShape;
  /** Pixels from 0 to 255, image by image, row by row: [count, height, width, channels]. */
  readonly pixels: Uint8Array;
  /** Class numbers from 0. */
  readonly labels: Uint8Array;
  /** 1 for images of the training that their source itself holds for validation; left out where there are none. */
  readonly isValidation?: Uint8Array;
}

/** How a pixel from 0 to 255 becomes the model's input: `pixel × scale + offset`. */
export interface PixelScaling {
  readonly scale: number;
  readonly offset: number;
}

/** How many pixels an image has. */
export function pixelsPerImage({ height, width, channels }: ImageShape): number {
  return height * width * channels;
}

/** How many numbers a tensor of a shape holds. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** One row of a matrix, or one image of several, as a view: `length` values for each row. */
export function rowOf<Values extends { subarray(start: number, end: number): Values }>(
  values: Values,
  row: number,
  length: number,
): Values {
  return values.subarray(row * length, (row + 1) * length);
}

/** The value that all pixels of an image have, if they are alike. */
export function constantValue(pixels: Uint8Array): number | undefined {
  const [first] = pixels;
  return pixels.every((pixel) => pixel === first) ? first : undefined;
}

/** The positions of so many images, in order. */
export function allIndices(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index);
}

/** Copies of the images at some indices, in their order. */
export function selectImages(
  { shape, pixels, labels, isValidation }: LabelledImages,
  indices: Int32Array | readonly number[],
): LabelledImages {
  const size = pixelsPerImage(shape);
  const selected = {
    count: indices.length,
    shape,
    pixels: new Uint8Array(indices.length * size),
    labels: new Uint8Array(indices.length),
    ...(isValidation && { isValidation: Uint8Array.from(indices, (index) => isValidation[index]!) }),
  };
  indices.forEach((index, row) => {
    selected.pixels.set(rowOf(pixels, index, size), row * size);
    selected.labels[row] = labels[index]!;
  });
  return selected;
}
