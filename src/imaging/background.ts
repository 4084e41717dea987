import { planeOf, type Plane } from './picture.js';

/** What lies behind a drawing: brightness as a slanted plane, because light on paper falls from one side. */
export interface Background {
  /** The brightness at each pixel. */
  plane: Plane;
  /** How far the pixels of the margin scatter around it: a standard deviation, estimated robustly. */
  noise: number;
}

interface Sample {
  x: number;
  y: number;
  value: number;
}

/** Scatter below this is rounding. */
const LEAST_SCATTER = 2;
/** From the median absolute deviation to the standard deviation of a normal distribution. */
const MAD_TO_SIGMA = 1.4826;
const FITS = 3;

/**
 * The background of a drawing, from its margin: a plane fitted by least squares, again and again without the samples that
 * lie far from it, so that strokes which reach the edge do not count.
 */
export function backgroundOf(grey: Plane): Background {
  const samples = marginOf(grey);
  let coefficients = [medianOf(samples.map(({ value }) => value)), 0, 0];
  let noise = 0;
  for (let fit = 0; fit <= FITS; fit++) {
    const distances = samples.map((sample) => Math.abs(sample.value - at(coefficients, sample)));
    noise = MAD_TO_SIGMA * medianOf(distances);
    const limit = 3 * Math.max(noise, LEAST_SCATTER);
    const near = samples.filter((_, index) => distances[index]! <= limit);
    if (fit < FITS) coefficients = fitPlane(near) ?? coefficients;
  }
  return { plane: planeOf(grey.width, grey.height, (x, y) => at(coefficients, { x, y })), noise };
}

function at([base, slopeX, slopeY]: readonly number[], { x, y }: { x: number; y: number }): number {
  return base! + slopeX! * x + slopeY! * y;
}

/** The outermost pixels: one in fifty of the shorter side, on each side. */
function marginOf({ width, height, values }: Plane): Sample[] {
  const depth = Math.max(1, Math.round(Math.min(width, height) / 50));
  const samples: Sample[] = [];
  for (let y = 0; y < height; y++) {
    const isEdgeRow = y < depth || y >= height - depth;
    for (let x = 0; x < width; x++) {
      const isMargin = isEdgeRow || x < depth || x >= width - depth;
      if (isMargin) samples.push({ x, y, value: values[y * width + x]! });
    }
  }
  return samples;
}

/** Least squares for value = a + b·x + c·y; undefined where the samples lie on one line. */
function fitPlane(samples: readonly Sample[]): number[] | undefined {
  const count = samples.length;
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / count;
  const centre = { x: mean(({ x }) => x), y: mean(({ y }) => y), value: mean(({ value }) => value) };
  const moment = (a: keyof Sample, b: keyof Sample): number =>
    mean((sample) => (sample[a] - centre[a]) * (sample[b] - centre[b]));
  const [xx, yy, xy] = [moment('x', 'x'), moment('y', 'y'), moment('x', 'y')];
  const [xv, yv] = [moment('x', 'value'), moment('y', 'value')];
  const determinant = xx * yy - xy * xy;
  if (!(determinant > 1e-9)) return undefined;
  const slopeX = (xv * yy - yv * xy) / determinant;
  const slopeY = (yv * xx - xv * xy) / determinant;
  return [centre.value - slopeX * centre.x - slopeY * centre.y, slopeX, slopeY];
}

/** The middle one of some numbers, or the mean of the middle two. */
export function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
