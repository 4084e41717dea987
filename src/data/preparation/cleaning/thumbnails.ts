import { pixelsPerImage, type LabelledImages } from '../../../core/images.js';

/** The longest side of a thumbnail: what is compared has few pixels, whatever the size of the images. */
const MAX_SIDE = 32;

/** Images in grey, made smaller where they are large: what images are compared by. */
export interface Thumbnails {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Grey values from 0 to 255, image by image, row by row. */
  readonly pixels: Uint8Array;
}

/** Thumbnails of images: means over the channels and over the pixels of each cell; small grey images are taken as they are. */
export function thumbnails({ count, shape, pixels }: Omit<LabelledImages, 'labels'>): Thumbnails {
  const { height, width, channels } = shape;
  const factor = Math.max(1, Math.ceil(Math.max(height, width) / MAX_SIDE));
  if (factor === 1 && channels === 1) return { count, height, width, pixels };
  const small = { height: Math.ceil(height / factor), width: Math.ceil(width / factor) };
  const cells = small.height * small.width;
  const made = new Uint8Array(count * cells);
  const sums = new Float64Array(cells);
  const sizes = new Float64Array(cells);
  for (let image = 0; image < count; image++) {
    sums.fill(0);
    sizes.fill(0);
    let place = image * pixelsPerImage(shape);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const cell = Math.floor(y / factor) * small.width + Math.floor(x / factor);
        sizes[cell]! += channels;
        for (let channel = 0; channel < channels; channel++) sums[cell]! += pixels[place++]!;
      }
    }
    sums.forEach((sum, cell) => {
      made[image * cells + cell] = Math.round(sum / sizes[cell]!);
    });
  }
  return { count, ...small, pixels: made };
}
