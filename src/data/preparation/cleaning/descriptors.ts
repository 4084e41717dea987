import type { Thumbnails } from './thumbnails.js';
import { rowOf } from '../../../core/images.js';

/** Cells of a descriptor along each side. */
const GRID = 12;
/** Grey values that differ less from the background are taken for noise, such as JPEG's. */
const NOISE = 16;

/** What near duplicates are looked for by: short vectors that a shift, a change of brightness or noise hardly changes. */
export interface Descriptors {
  /** How many numbers a vector has. */
  readonly length: number;
  /** Vectors of mean 0 and length 1: [images, length]. A product of two is their correlation. */
  readonly vectors: Float32Array;
  /** The centre of mass of each image, x and y: [images, 2]. */
  readonly centres: Float32Array;
}

/**
 * Describes images: what differs from the background (the median grey value) is centred by its mass and averaged over the
 * cells of a coarse grid; each pixel is shared among the four cells around it, so that cells have no hard borders.
 */
export function describeImages({ count, height, width, pixels }: Thumbnails): Descriptors {
  const length = GRID * GRID;
  const vectors = new Float32Array(count * length);
  const centres = new Float32Array(count * 2);
  const size = height * width;
  const scale = GRID / Math.max(height, width);
  for (let image = 0; image < count; image++) {
    const values = rowOf(pixels, image, size);
    const background = median(values);
    const [x, y] = centreOfMass(values, width, background);
    centres.set([x, y], image * 2);
    const vector = rowOf(vectors, image, length);
    spread(values, width, background, (column, row, value) => {
      share(vector, (column - x) * scale + GRID / 2 - 0.5, (row - y) * scale + GRID / 2 - 0.5, value);
    });
    normalise(vector);
  }
  return { length, vectors, centres };
}

function median(values: Uint8Array): number {
  const histogram = new Uint32Array(256);
  for (const value of values) histogram[value]! += 1;
  let seen = 0;
  return histogram.findIndex((times) => (seen += times) * 2 >= values.length);
}

function centreOfMass(values: Uint8Array, width: number, background: number): [number, number] {
  let [mass, x, y] = [0, 0, 0];
  values.forEach((value, place) => {
    const weight = Math.abs(value - background);
    if (weight < NOISE) return;
    mass += weight;
    x += weight * (place % width);
    y += weight * Math.floor(place / width);
  });
  return mass === 0 ? [(width - 1) / 2, (values.length / width - 1) / 2] : [x / mass, y / mass];
}

function spread(
  values: Uint8Array,
  width: number,
  background: number,
  take: (column: number, row: number, value: number) => void,
): void {
  for (let place = 0; place < values.length; place++) {
    const value = values[place]! - background;
    if (value !== 0) take(place % width, Math.floor(place / width), value);
  }
}

/** Adds a value to the four cells around a point, by their nearness (bilinear weights). */
function share(vector: Float32Array, x: number, y: number, value: number): void {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [x - left, y - top];
  const add = (column: number, row: number, weight: number): void => {
    if (column < 0 || row < 0 || column >= GRID || row >= GRID) return;
    vector[row * GRID + column]! += weight * value;
  };
  add(left, top, (1 - right) * (1 - bottom));
  add(left + 1, top, right * (1 - bottom));
  add(left, top + 1, (1 - right) * bottom);
  add(left + 1, top + 1, right * bottom);
}

function normalise(vector: Float32Array): void {
  const mean = vector.reduce((sum, value) => sum + value, 0) / vector.length;
  const length = Math.sqrt(vector.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  // An image without anything on it is like no other.
  for (let place = 0; place < vector.length; place++) {
    vector[place] = length === 0 ? 0 : (vector[place]! - mean) / length;
  }
}
