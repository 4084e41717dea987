import { Random } from '../../core/random.js';
import { pixelsPerImage, rowOf, type LabelledImages } from '../../core/images.js';
import { moveImage } from './cleaning/shifted-copies.js';

/** How far an image is moved at most each way, as a share of its side: two pixels of 28. */
const REACH = 1 / 14;
/** Pixels are multiplied with one of these: darker and brighter. */
const GAINS = Array.from({ length: 8 }, (_, step) => 0.75 + step / 14).map((gain) =>
  Uint8Array.from({ length: 256 }, (_, pixel) => Math.min(255, Math.round(pixel * gain))),
);

/**
 * A part of an endless sequence of images that are moved by a few pixels and made brighter or darker. Each round of it has every
 * original once, in an order of its own; an image depends on the seed and its position alone.
 *
 * @param originals indices of the images that are augmented
 * @param first the position of the part's first image
 */
export function augmentedImages(
  source: LabelledImages,
  originals: Int32Array,
  { first, count, seed }: { first: number; count: number; seed: number },
): LabelledImages {
  const { shape } = source;
  const size = pixelsPerImage(shape);
  const reach = [shape.width, shape.height].map((side) => Math.round(side * REACH));
  const images = {
    count,
    shape,
    pixels: new Uint8Array(count * size),
    labels: new Uint8Array(count),
  };
  let round = { number: -1, order: originals };
  for (let row = 0; row < count; row++) {
    const position = first + row;
    const number = Math.floor(position / originals.length);
    if (number !== round.number) {
      round = { number, order: new Random(seed, 'augmented-order', number).shuffle(originals.slice()) };
    }
    const original = round.order[position % originals.length]!;
    const random = new Random(seed, 'augmented-image', position);
    const [x = 0, y = 0] = reach.map((limit) => random.integer(2 * limit + 1) - limit);
    const gain = GAINS[random.integer(GAINS.length)]!;
    const target = rowOf(images.pixels, row, size);
    moveImage(rowOf(source.pixels, original, size), target, shape, x, y);
    for (let pixel = 0; pixel < size; pixel++) target[pixel] = gain[target[pixel]!]!;
    images.labels[row] = source.labels[original]!;
  }
  return images;
}
