import { reducedShape, type StoredLikeness } from '../../artifacts/likeness/stored-likeness.js';
import { pixelsPerImage, rowOf, type ImageShape } from '../../core/images.js';

/** What training images look like: normal distributions, one for each class, that share their covariance. */
export interface Likeness {
  shape: ImageShape;
  /** The inverse of the covariance's Cholesky triangle, row by row as far as the diagonal. */
  whitening: Float32Array;
  /** The whitened mean of each class, one after the other. */
  centres: Float32Array;
  /** The largest distance of an image that is like the training images. */
  threshold: number;
}

/** How far an image is from the training images. */
export interface ImageLikeness {
  /** The Mahalanobis distance from the nearest class, in parts of the largest that counts as like the training images. */
  distance: number;
  /** Whether it is further than that. */
  unlike: boolean;
}

/** An image as a vector: the square roots of its pixels' means in a coarser grid, which spread more evenly than the means. */
export function featuresOf(pixels: Uint8Array, shape: ImageShape): Float32Array {
  const { width, height, channels } = shape;
  const small = reducedShape(shape);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor((x * small.width) / width));
  const sums = new Float32Array(small.width * small.height * channels);
  const counts = new Float32Array(sums.length);
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor((y * small.height) / height) * small.width;
    for (let x = 0; x < width; x++) {
      const place = (row + columns[x]!) * channels;
      for (let channel = 0; channel < channels; channel++) {
        sums[place + channel]! += pixels[at++]!;
        counts[place + channel]! += 255;
      }
    }
  }
  return sums.map((sum, place) => Math.sqrt(sum / counts[place]!));
}

/** A vector times the triangle that makes the covariance the identity. */
export function whitened(features: Float32Array, whitening: Float32Array): Float32Array {
  let at = 0;
  return features.map((_, row) => {
    let sum = 0;
    for (let column = 0; column <= row; column++) sum += whitening[at++]! * features[column]!;
    return sum;
  });
}

/** The Mahalanobis distance of an image from the nearest class. */
export function distanceOf(pixels: Uint8Array, likeness: Omit<Likeness, 'threshold'>): number {
  const { shape, whitening, centres } = likeness;
  const place = whitened(featuresOf(pixels, shape), whitening);
  const classes = centres.length / place.length;
  let nearest = Infinity;
  for (let label = 0; label < classes; label++) {
    const centre = rowOf(centres, label, place.length);
    nearest = Math.min(
      nearest,
      place.reduce((sum, value, at) => sum + (value - centre[at]!) ** 2, 0),
    );
  }
  return Math.sqrt(nearest);
}

const decoded = new WeakMap<StoredLikeness, Likeness>();

/** How like the training images each of some images is. */
export function likenessOf(pixels: Uint8Array, shape: ImageShape, stored: StoredLikeness): ImageLikeness[] {
  const likeness = decoded.get(stored) ?? decode(stored, shape);
  decoded.set(stored, likeness);
  const size = pixelsPerImage(shape);
  return Array.from({ length: pixels.length / size }, (_, row) => {
    const distance = distanceOf(rowOf(pixels, row, size), likeness) / likeness.threshold;
    return { distance, unlike: distance > 1 };
  });
}

function decode({ parameters, features, threshold }: StoredLikeness, shape: ImageShape): Likeness {
  const bytes = Uint8Array.from(Buffer.from(parameters, 'base64'));
  const numbers = new Float32Array(bytes.buffer);
  const triangle = (features * (features + 1)) / 2;
  return { shape, whitening: numbers.slice(0, triangle), centres: numbers.slice(triangle), threshold };
}
