import { MAD_TO_SIGMA, medianOf } from './background.js';
import type { Plane } from './picture.js';

/** A patch at the edge is wider than any stroke if a square of this part of the shorter side fits into it. */
const PATCH = 1 / 5;
/** So much of the square: noise and ruled lines make holes. */
const FILLED = 0.7;
/** Strokes are narrower than this part of the shorter side. */
const WIDEST_STROKE = 1 / 6;
/** Pixels from which a median is taken. */
const SAMPLE = 20_011;

/**
 * Whether a picture has a patch of another brightness at its edge that is too wide for a stroke: the hard edge of a shadow crosses it, or
 * light falls on a part of it.
 *
 * @param differences from the background that was found
 * @param least smaller differences are none
 */
export function hasPatchAtEdge({ width, height, values }: Plane, least: number): boolean {
  const side = Math.max(1, Math.round(PATCH * Math.min(width, height)));
  const sums = integralOf(values, width, (value) => (Math.abs(value) >= least ? 1 : 0));
  const isFilled = (left: number, top: number): boolean =>
    sumWithin(sums, width, left, top, left + side, top + side) >= FILLED * side * side;
  for (let left = 0; left + side <= width; left++) {
    if (isFilled(left, 0) || isFilled(left, height - side)) return true;
  }
  for (let top = 0; top + side <= height; top++) {
    if (isFilled(0, top) || isFilled(width - side, top)) return true;
  }
  return false;
}

/** The sums over all rectangles that begin at the first pixel. */
function integralOf(values: Float32Array, width: number, count: (value: number) => number): Float64Array {
  const row = width + 1;
  const height = values.length / width;
  const sums = new Float64Array(row * (height + 1));
  for (let y = 0; y < height; y++) {
    let along = 0;
    for (let x = 0; x < width; x++) {
      along += count(values[y * width + x]!);
      sums[(y + 1) * row + x + 1] = sums[y * row + x + 1]! + along;
    }
  }
  return sums;
}

/** The sum over a rectangle; its right column and bottom row are the first that do not belong to it. */
function sumWithin(
  sums: Float64Array,
  width: number,
  left: number,
  top: number,
  right: number,
  bottom: number,
): number {
  const [above, below] = [top * (width + 1), bottom * (width + 1)];
  return sums[below + right]! - sums[above + right]! - sums[below + left]! + sums[above + left]!;
}

/**
 * What is dark on paper that lies partly in shadow, from paper and its noise (0) to black (−255). The paper's brightness is the
 * morphological closing of the picture (Serra, “Image analysis and mathematical morphology”, 1982) with a square that no stroke fills: it
 * takes strokes away and leaves the edges of shadows where they are. A shadow darkens paper and ink by the same factor, so ink is
 * where the picture falls below its paper in proportion.
 */
export function darkOnShadedPaper(grey: Plane): Float32Array {
  const { width, height } = grey;
  const smooth = blurred(grey);
  const side = Math.max(3, Math.round(WIDEST_STROKE * Math.min(width, height)));
  const paper = filtered(filtered(smooth, side, Math.max), side, Math.min).values;
  const quotients = smooth.values.map((value, index) => (value + 1) / (paper[index]! + 1));
  // The closing follows the brightest grains of the paper.
  const usual = medianOf(sampleOf(quotients));
  const scatter = quotients.map((quotient, index) => Math.abs(quotient - usual) * paper[index]!);
  // A camera's noise is about the same in light and shadow, and so is a larger part of what is dark.
  const floor = 3 * MAD_TO_SIGMA * medianOf(sampleOf(scatter));
  return quotients.map((quotient, index) =>
    Math.min(0, 255 * ((quotient - usual) / usual + floor / (paper[index]! + 1))),
  );
}

/** Enough of some values to know their median well. */
function sampleOf(values: Float32Array): Float64Array {
  const step = Math.ceil(values.length / SAMPLE);
  return Float64Array.from({ length: Math.floor(values.length / step) }, (_, index) => values[index * step]!);
}

/** The mean of each pixel and its eight neighbours. */
function blurred({ width, height, values }: Plane): Plane {
  const sums = integralOf(values, width, (value) => value);
  const means = Float32Array.from(values, (_, index) => {
    const x = index % width;
    const y = (index - x) / width;
    const [left, right] = [Math.max(0, x - 1), Math.min(width, x + 2)];
    const [top, bottom] = [Math.max(0, y - 1), Math.min(height, y + 2)];
    return sumWithin(sums, width, left, top, right, bottom) / ((right - left) * (bottom - top));
  });
  return { width, height, values: means };
}

/** The largest or smallest value in the square around each pixel, as far as it lies in the picture. */
function filtered(
  { width, height, values }: Plane,
  side: number,
  choose: (a: number, b: number) => number,
): Plane {
  const radius = side >> 1;
  const across = Float32Array.from(values);
  for (let y = 0; y < height; y++) slide(across, y * width, 1, width, radius, choose);
  for (let x = 0; x < width; x++) slide(across, x, width, height, radius, choose);
  return { width, height, values: across };
}

/**
 * The same along a row or column, in place: each window is the end of one block and the beginning of the next (van Herk, “A fast
 * algorithm for local minimum and maximum filters”, 1992).
 */
function slide(
  values: Float32Array,
  start: number,
  step: number,
  length: number,
  radius: number,
  choose: (a: number, b: number) => number,
): void {
  const window = 2 * radius + 1;
  const total = length + 2 * radius;
  // The value at the end, repeated, changes no window: each that reaches beyond the end has that value already.
  const at = (place: number): number =>
    values[start + step * Math.min(length - 1, Math.max(0, place - radius))]!;
  const forward = new Float32Array(total);
  const backward = new Float32Array(total);
  for (let place = 0; place < total; place++) {
    forward[place] = place % window === 0 ? at(place) : choose(forward[place - 1]!, at(place));
  }
  for (let place = total - 1; place >= 0; place--) {
    const isFirst = place === total - 1 || place % window === window - 1;
    backward[place] = isFirst ? at(place) : choose(backward[place + 1]!, at(place));
  }
  for (let index = 0; index < length; index++) {
    values[start + step * index] = choose(backward[index]!, forward[index + window - 1]!);
  }
}
