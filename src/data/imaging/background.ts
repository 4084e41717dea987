import type { Plane } from './picture.js';

/** What lies behind a drawing: brightness as a slanted plane, because light on paper falls from one side. */
export interface Background {
  /** The brightness at each pixel. */
  plane: Plane;
  /** How far the pixels of the margin scatter around it: a standard deviation, estimated robustly. */
  noise: number;
}

/** value = base + x · slopeX + y · slopeY. */
interface Slant {
  base: number;
  slopeX: number;
  slopeY: number;
}

/** Places in a picture, and the brightness there. */
interface Samples {
  x: Float64Array;
  y: Float64Array;
  value: Float64Array;
}

/** Scatter below this is rounding. */
const LEAST_SCATTER = 2;
/** From the median absolute deviation to the standard deviation of a normal distribution. */
export const MAD_TO_SIGMA = 1.4826;
const FITS = 3;
/** Enough to know three numbers well. */
const MAX_SAMPLES = 2000;

/**
 * The background of a drawing, from its margin: a plane fitted by least squares, again and again without the samples that
 * lie far from it, so that strokes which reach the edge do not count.
 */
export function backgroundOf(grey: Plane): Background {
  const samples = marginOf(grey);
  let slant: Slant = { base: medianOf(samples.value), slopeX: 0, slopeY: 0 };
  for (let fit = 0; ; fit++) {
    const distances = distancesFrom(slant, samples);
    const noise = MAD_TO_SIGMA * medianOf(distances);
    if (fit === FITS) return { plane: slantedPlane(grey, slant), noise };
    const limit = 3 * Math.max(noise, LEAST_SCATTER);
    slant = fitSlant(samples, (index) => distances[index]! <= limit) ?? slant;
  }
}

/** The outermost pixels: one in fifty of the shorter side, on each side. */
function marginOf({ width, height, values }: Plane): Samples {
  const depth = Math.max(1, Math.round(Math.min(width, height) / 50));
  const places: number[] = [];
  for (let y = 0; y < height; y++) {
    const isEdgeRow = y < depth || y >= height - depth;
    for (let x = 0; x < width; x++) {
      if (isEdgeRow || x < depth || x >= width - depth) places.push(y * width + x);
    }
  }
  const step = Math.ceil(places.length / MAX_SAMPLES);
  const chosen = places.filter((_, index) => index % step === 0);
  return {
    x: Float64Array.from(chosen, (place) => place % width),
    y: Float64Array.from(chosen, (place) => Math.floor(place / width)),
    value: Float64Array.from(chosen, (place) => values[place]!),
  };
}

function distancesFrom({ base, slopeX, slopeY }: Slant, { x, y, value }: Samples): Float64Array {
  return value.map((found, index) => Math.abs(found - base - slopeX * x[index]! - slopeY * y[index]!));
}

function slantedPlane({ width, height }: Plane, { base, slopeX, slopeY }: Slant): Plane {
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = base + slopeY * y;
    for (let x = 0; x < width; x++) values[y * width + x] = row + slopeX * x;
  }
  return { width, height, values };
}

/** Least squares over some of the samples; undefined where they lie on one line. */
function fitSlant(samples: Samples, isUsed: (index: number) => boolean): Slant | undefined {
  const used = [...samples.value.keys()].filter(isUsed);
  const mean = (of: (index: number) => number): number =>
    used.reduce((sum, index) => sum + of(index), 0) / used.length;
  const centres = { x: 0, y: 0, value: 0 };
  for (const key of ['x', 'y', 'value'] as const) centres[key] = mean((index) => samples[key][index]!);
  const moment = (a: keyof Samples, b: keyof Samples): number =>
    mean((index) => (samples[a][index]! - centres[a]) * (samples[b][index]! - centres[b]));
  const [xx, yy, xy] = [moment('x', 'x'), moment('y', 'y'), moment('x', 'y')];
  const [xv, yv] = [moment('x', 'value'), moment('y', 'value')];
  const determinant = xx * yy - xy * xy;
  if (!(determinant > 1e-9)) return undefined;
  const slopeX = (xv * yy - yv * xy) / determinant;
  const slopeY = (yv * xx - xv * xy) / determinant;
  return { base: centres.value - slopeX * centres.x - slopeY * centres.y, slopeX, slopeY };
}

/** The middle one of some numbers, or the mean of the middle two. */
export function medianOf(values: Float64Array): number {
  const sorted = values.toSorted();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
