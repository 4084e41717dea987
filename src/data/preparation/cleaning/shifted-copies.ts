import { Random } from '../../../core/random.js';
import { pixelsPerImage, rowOf, type LabelledImages } from '../../../core/images.js';

/** How far a copy is moved at most, as a share of the image's side: two pixels of 28. */
const REACH = 1 / 14;

/**
 * Images with copies of them that are moved by a few pixels: what a model learns from them, it knows in other places too.
 * Image i's copies are those at i + count, i + 2·count and so on; what is moved in from outside repeats the border.
 *
 * @param copies how many of each image, with the image itself
 */
export function withShiftedCopies(images: LabelledImages, copies: number, seed: number): LabelledImages {
  const { count, shape, pixels, labels } = images;
  const size = pixelsPerImage(shape);
  const all = {
    count: count * copies,
    shape,
    pixels: new Uint8Array(pixels.length * copies),
    labels: new Uint8Array(labels.length * copies),
  };
  const random = new Random(seed, 'shifted-copies');
  const reach = [shape.width, shape.height].map((side) => Math.round(side * REACH));
  for (let copy = 0; copy < copies; copy++) {
    all.labels.set(labels, copy * count);
    for (let index = 0; index < count; index++) {
      const source = rowOf(pixels, index, size);
      const target = rowOf(all.pixels, copy * count + index, size);
      if (copy === 0) target.set(source);
      else {
        const [x = 0, y = 0] = reach.map((limit) => random.integer(2 * limit + 1) - limit);
        moveImage(source, target, shape, x, y);
      }
    }
  }
  return all;
}

/** Writes an image moved by some pixels; what is moved in from outside repeats the border. */
export function moveImage(
  source: Uint8Array,
  target: Uint8Array,
  { height, width, channels }: LabelledImages['shape'],
  x: number,
  y: number,
): void {
  for (let row = 0; row < height; row++) {
    const from = Math.min(Math.max(row - y, 0), height - 1) * width;
    for (let column = 0; column < width; column++) {
      const place = (from + Math.min(Math.max(column - x, 0), width - 1)) * channels;
      const to = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) target[to + channel] = source[place + channel]!;
    }
  }
}
