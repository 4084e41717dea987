import sharp from 'sharp';

import type { Random } from '../../src/core/random.js';
import { pixelsPerImage, type ImageShape, type LabelledImages } from '../../src/core/images.js';

/** The directions in which an image can be moved by a pixel. */
const DIRECTIONS = [-1, 0, 1]
  .flatMap((x) => [-1, 0, 1].map((y) => [x, y] as const))
  .filter(([x, y]) => x !== 0 || y !== 0);

/** `count` different positions of `limit`, in random order. */
export function positions(limit: number, count: number, random: Random): Int32Array {
  return random.shuffle(Int32Array.from({ length: limit }, (_, index) => index)).slice(0, count);
}

/** Labels of which those at some positions are another class, each as likely. */
export function flip(labels: Uint8Array, at: Int32Array, classes: number, random: Random): Uint8Array {
  // A Buffer's slice would share its memory.
  const flipped = Uint8Array.from(labels);
  for (const index of at) flipped[index] = (labels[index]! + 1 + random.integer(classes - 1)) % classes;
  return flipped;
}

/** One image of a set. */
export function imageAt({ pixels, shape }: LabelledImages, index: number): Uint8Array {
  const size = pixelsPerImage(shape);
  return pixels.slice(index * size, (index + 1) * size);
}

/** The first images of a set. */
export function firstImages({ shape, pixels, labels }: LabelledImages, count: number): LabelledImages {
  return {
    count,
    shape,
    pixels: pixels.subarray(0, count * pixelsPerImage(shape)),
    labels: labels.subarray(0, count),
  };
}

/** A set with more images at its end. */
export function append(
  set: LabelledImages,
  images: readonly Uint8Array[],
  labels: readonly number[],
): LabelledImages {
  const pixels = Buffer.concat([set.pixels, ...images]);
  return {
    ...set,
    count: set.count + images.length,
    pixels,
    labels: Uint8Array.from([...set.labels, ...labels]),
  };
}

/** The ways in which a near duplicate is made. */
export const disguises = ['shifted', 'brightened', 'recompressed', 'all three'] as const;

/** An image that is almost another: moved by a pixel, brighter (by 10 to 50 % and 0 to 40 grey values), or JPEG of quality 40 to 80. */
export async function disguise(
  image: Uint8Array,
  how: (typeof disguises)[number],
  shape: ImageShape,
  random: Random,
): Promise<Uint8Array> {
  let made = image;
  if (how === 'shifted' || how === 'all three') made = shift(made, shape, random);
  if (how === 'brightened' || how === 'all three') made = brighten(made, random);
  if (how === 'recompressed' || how === 'all three') made = await recompress(made, shape, random);
  return made;
}

function shift(image: Uint8Array, { height, width }: ImageShape, random: Random): Uint8Array {
  const [x, y] = DIRECTIONS[random.integer(DIRECTIONS.length)]!;
  return image.map((_, place) => {
    const [row, column] = [Math.floor(place / width) - y, (place % width) - x];
    return row < 0 || column < 0 || row >= height || column >= width ? 0 : image[row * width + column]!;
  });
}

function brighten(image: Uint8Array, random: Random): Uint8Array {
  const [gain, offset] = [1.1 + 0.4 * random.uniform(), 40 * random.uniform()];
  return image.map((pixel) => Math.min(255, Math.round(pixel * gain + offset)));
}

async function recompress(
  image: Uint8Array,
  { height, width }: ImageShape,
  random: Random,
): Promise<Uint8Array> {
  const raw = { width, height, channels: 1 } as const;
  const file = await sharp(image, { raw })
    .jpeg({ quality: 40 + random.integer(41) })
    .toBuffer();
  return new Uint8Array(await sharp(file).greyscale().raw().toBuffer());
}
