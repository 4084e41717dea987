import { Random } from '../core/random.js';
import { pixelsPerImage, type ImageShape } from '../core/images.js';

/** A corruption of images, at several strengths. */
export interface Corruption {
  readonly name: string;
  /** The unit of the strengths. */
  readonly unit: string;
  readonly strengths: readonly number[];
  /** Returns a corrupted image; its randomness comes from the stream only. */
  apply(pixels: Uint8Array, shape: ImageShape, strength: number, random: Random): Uint8Array;
}

/** Gaussian noise; the strength is its standard deviation, as a share of the pixel range. */
const noise: Corruption = {
  name: 'noise',
  unit: 'of the range',
  strengths: [0.1, 0.2, 0.4],
  apply(pixels, _shape, strength, random) {
    const values = random.normalArray(pixels.length, 255 * strength);
    for (let index = 0; index < values.length; index++) values[index]! += pixels[index]!;
    return toBytes(values);
  },
};

/** Rotation about the centre, randomly left or right. */
const rotation: Corruption = {
  name: 'rotation',
  unit: '°',
  strengths: [10, 20, 30],
  apply(pixels, shape, strength, random) {
    const angle = ((random.integer(2) * 2 - 1) * strength * Math.PI) / 180;
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    const [middleX, middleY] = [(shape.width - 1) / 2, (shape.height - 1) / 2];
    return resampled(pixels, shape, (x, y) => {
      const [fromX, fromY] = [x - middleX, y - middleY];
      return [cosine * fromX + sine * fromY + middleX, cosine * fromY - sine * fromX + middleY];
    });
  },
};

/** A shift by whole pixels in one of eight directions. */
const shift: Corruption = {
  name: 'shift',
  unit: 'pixels',
  strengths: [1, 2, 4],
  apply(pixels, shape, strength, random) {
    // The positions of a 3 × 3 square without the centre.
    const place = [0, 1, 2, 3, 5, 6, 7, 8][random.integer(8)]!;
    const [right, down] = [((place % 3) - 1) * strength, (Math.floor(place / 3) - 1) * strength];
    return resampled(pixels, shape, (x, y) => [x - right, y - down]);
  },
};

/** Gaussian blur; the strength is its standard deviation. */
const blur: Corruption = {
  name: 'blur',
  unit: 'pixels',
  strengths: [0.5, 1, 2],
  apply(pixels, shape, strength) {
    const reach = Math.ceil(3 * strength);
    const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, at) =>
      Math.exp(-((at - reach) ** 2) / (2 * strength ** 2)),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const kernel = weights.map((weight) => weight / total);
    const rows = convolved(Float64Array.from(pixels), shape, kernel, [1, 0]);
    return toBytes(convolved(rows, shape, kernel, [0, 1]));
  },
};

export const corruptions: readonly Corruption[] = [noise, rotation, shift, blur];

/**
 * Corrupts images; the same seed gives the same results.
 *
 * @param pixels image by image
 */
export function corrupt(
  pixels: Uint8Array,
  shape: ImageShape,
  corruption: Corruption,
  strength: number,
  seed: number,
): Uint8Array {
  const size = pixelsPerImage(shape);
  const random = new Random(seed, `corruption-${corruption.name}`, corruption.strengths.indexOf(strength));
  const made = new Uint8Array(pixels.length);
  for (let start = 0; start < pixels.length; start += size) {
    made.set(corruption.apply(pixels.subarray(start, start + size), shape, strength, random), start);
  }
  return made;
}

/** Rounds, and clips to 0–255. */
function toBytes(values: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(Uint8ClampedArray.from(values).buffer);
}

/** Resamples an image at other positions, with bilinear interpolation; black outside. */
function resampled(
  pixels: Uint8Array,
  shape: ImageShape,
  origin: (x: number, y: number) => readonly [x: number, y: number],
): Uint8Array {
  const { width, height, channels } = shape;
  const made = new Uint8Array(pixels.length);
  const valueAt = (x: number, y: number, channel: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[(y * width + x) * channels + channel]!;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = origin(x, y);
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      const [right, down] = [fromX - left, fromY - top];
      for (let channel = 0; channel < channels; channel++) {
        const upper = (1 - right) * valueAt(left, top, channel) + right * valueAt(left + 1, top, channel);
        const lower =
          (1 - right) * valueAt(left, top + 1, channel) + right * valueAt(left + 1, top + 1, channel);
        made[(y * width + x) * channels + channel] = Math.round((1 - down) * upper + down * lower);
      }
    }
  }
  return made;
}

/** A one-dimensional convolution with black borders. */
function convolved(
  values: Float64Array,
  { width, height, channels }: ImageShape,
  kernel: Float64Array,
  [stepX, stepY]: readonly [x: number, y: number],
): Float64Array {
  const reach = (kernel.length - 1) / 2;
  const made = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const place = Math.floor(index / channels);
    const [x, y] = [place % width, Math.floor(place / width)];
    const [at, length] = stepX === 1 ? [x, width] : [y, height];
    const stride = (stepX + stepY * width) * channels;
    // Black pixels outside add nothing.
    const [first, last] = [Math.max(-reach, -at), Math.min(reach, length - 1 - at)];
    for (let step = first; step <= last; step++) {
      made[index]! += kernel[step + reach]! * values[index + step * stride]!;
    }
  }
  return made;
}
