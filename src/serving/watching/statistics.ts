import { pixelsPerImage, type ImageShape } from '../../core/images.js';

/** What is measured of every image, a number each. */
export const imageFeatures = ['brightness', 'contrast', 'ink', 'centre_x', 'centre_y'] as const;

/** What is measured of images in colour as well: a tint, as of other light, need not change their brightness. */
export const colourFeatures = ['red', 'green', 'blue'] as const;

export type ImageFeature = (typeof imageFeatures)[number] | (typeof colourFeatures)[number];

/** What is measured of images of a shape, in the order of `featuresOf`. */
export function featureNames({ channels }: Pick<ImageShape, 'channels'>): readonly ImageFeature[] {
  return channels === colourFeatures.length ? [...imageFeatures, ...colourFeatures] : imageFeatures;
}

/** A pixel at least this bright is ink. */
const INK = 64;

/**
 * An image in a few numbers: mean and standard deviation of its pixels (0 to 1), the share of pixels that are inked, its
 * centre of mass as a share of width and height, and in colour the mean of each channel.
 */
export function featuresOf(pixels: Uint8Array, { height, width, channels }: ImageShape): Float64Array {
  const size = pixelsPerImage({ height, width, channels });
  let sum = 0;
  let squares = 0;
  let inked = 0;
  let momentX = 0;
  let momentY = 0;
  for (let index = 0, x = 0, y = 0; index < size; index++) {
    const value = pixels[index]!;
    sum += value;
    squares += value * value;
    if (value >= INK) inked++;
    momentX += value * x;
    momentY += value * y;
    if ((index + 1) % channels === 0 && ++x === width) {
      x = 0;
      y++;
    }
  }
  const mean = sum / size;
  const deviation = Math.sqrt(Math.max(0, squares / size - mean * mean));
  const centre = (moment: number, length: number): number =>
    sum === 0 || length === 1 ? 0.5 : moment / sum / (length - 1);
  return Float64Array.of(
    mean / 255,
    deviation / 255,
    inked / size,
    centre(momentX, width),
    centre(momentY, height),
    ...(channels === colourFeatures.length ? channelMeans(pixels, channels) : []),
  );
}

/** The mean of each channel, 0 to 1. */
function channelMeans(pixels: Uint8Array, channels: number): number[] {
  const sums = new Array<number>(channels).fill(0);
  for (let index = 0; index < pixels.length; index++) sums[index % channels]! += pixels[index]!;
  return sums.map((sum) => (sum * channels) / pixels.length / 255);
}

/** Shares below this count as this, so that an empty bin does not make the index infinite. */
const LEAST_SHARE = 1e-4;

/**
 * The population stability index of two distributions over the same bins: Σ (q − p) · ln(q / p). By convention, below 0.1 nothing
 * has changed, and above 0.25 something has.
 */
export function populationStabilityIndex(expected: ArrayLike<number>, observed: ArrayLike<number>): number {
  const total = (counts: ArrayLike<number>): number =>
    Array.from(counts).reduce((sum, value) => sum + value, 0);
  const [expectedTotal, observedTotal] = [total(expected), total(observed)];
  let index = 0;
  for (let bin = 0; bin < expected.length; bin++) {
    const p = Math.max(LEAST_SHARE, expected[bin]! / expectedTotal);
    const q = Math.max(LEAST_SHARE, observed[bin]! / observedTotal);
    index += (q - p) * Math.log(q / p);
  }
  return index;
}

/** Counts of numbers in bins with the given inner edges, of which there is one fewer than bins. */
export function histogramOf(values: Float64Array, edges: readonly number[]): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  for (const value of values) {
    let bin = 0;
    while (bin < edges.length && value >= edges[bin]!) bin++;
    counts[bin]! += 1;
  }
  return counts;
}

/** The inner edges of bins that hold equal shares of some sorted numbers; equal edges are kept once. */
export function quantileEdges(sorted: Float64Array, bins: number): number[] {
  const edges = Array.from(
    { length: bins - 1 },
    (_, index) => sorted[Math.floor(((index + 1) * sorted.length) / bins)]!,
  );
  return [...new Set(edges)];
}

/** A comparison of two samples by Kolmogorov and Smirnov. */
export interface KolmogorovSmirnov {
  /** The largest difference between the two distribution functions. */
  statistic: number;
  /** How probable a difference at least so large is when both come from one distribution (asymptotically). */
  pValue: number;
}

/** The two-sample Kolmogorov–Smirnov test; both samples sorted. */
export function kolmogorovSmirnov(first: Float64Array, second: Float64Array): KolmogorovSmirnov {
  let statistic = 0;
  let i = 0;
  let j = 0;
  while (i < first.length && j < second.length) {
    const value = Math.min(first[i]!, second[j]!);
    // Ties move both functions at once.
    while (i < first.length && first[i]! <= value) i++;
    while (j < second.length && second[j]! <= value) j++;
    statistic = Math.max(statistic, Math.abs(i / first.length - j / second.length));
  }
  const size = (first.length * second.length) / (first.length + second.length);
  return { statistic, pValue: survival(statistic * Math.sqrt(size)) };
}

/** The survival function of Kolmogorov's distribution: 2 Σ (−1)^(k−1) e^(−2k²x²). */
function survival(x: number): number {
  // The series converges slowly where the answer is 1 to many digits.
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) {
    const term = Math.exp(-2 * k * k * x * x);
    sum += k % 2 === 1 ? term : -term;
    if (term < 1e-16) break;
  }
  return Math.min(1, Math.max(0, 2 * sum));
}
