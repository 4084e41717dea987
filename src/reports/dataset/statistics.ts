import { pixelsPerImage, type LabelledImages } from '../../core/images.js';

/** What the images of a split are like, in numbers. */
export interface SplitStatistics {
  images: number;
  /** Images of each class, by class number. */
  counts: number[];
  /** Of all pixels, from 0 to 255. */
  mean: number;
  standardDeviation: number;
  /** How many pixels have each value, from 0 to 255. */
  histogram: number[];
  /** The mean pixel of each class, from 0 to 255; null for a class without images. */
  classMeans: (number | null)[];
}

/** Counts and pixel statistics of the images at some indices, in one pass over their bytes. */
export function splitStatistics(
  { pixels, labels, shape }: LabelledImages,
  indices: Int32Array,
  classes: number,
): SplitStatistics {
  const size = pixelsPerImage(shape);
  const histogram = new Array<number>(256).fill(0);
  const counts = new Array<number>(classes).fill(0);
  const sums = new Array<number>(classes).fill(0);
  for (const index of indices) {
    const label = labels[index]!;
    let sum = 0;
    for (let at = index * size; at < (index + 1) * size; at++) {
      const pixel = pixels[at]!;
      histogram[pixel]! += 1;
      sum += pixel;
    }
    counts[label]! += 1;
    sums[label]! += sum;
  }
  const classMeans = sums.map((sum, label) => (counts[label] ? sum / (counts[label] * size) : null));
  return { images: indices.length, counts, ...momentsOf(histogram), histogram, classMeans };
}

function momentsOf(histogram: readonly number[]): { mean: number; standardDeviation: number } {
  const total = histogram.reduce((sum, times) => sum + times, 0) || 1;
  const mean = histogram.reduce((sum, times, pixel) => sum + times * pixel, 0) / total;
  const variance = histogram.reduce((sum, times, pixel) => sum + times * (pixel - mean) ** 2, 0) / total;
  return { mean, standardDeviation: Math.sqrt(variance) };
}

/** The mean image of each class among the images at some indices, rounded to bytes; black for a class without images. */
export function meanImages(
  { pixels, labels, shape }: LabelledImages,
  indices: Int32Array,
  classes: number,
): Uint8Array[] {
  const size = pixelsPerImage(shape);
  const sums = Array.from({ length: classes }, () => new Float64Array(size));
  const counts = new Array<number>(classes).fill(0);
  for (const index of indices) {
    const label = labels[index]!;
    const sum = sums[label]!;
    counts[label]! += 1;
    for (let at = 0; at < size; at++) sum[at]! += pixels[index * size + at]!;
  }
  return sums.map((sum, label) =>
    Uint8Array.from(sum, (value) => Math.round(value / Math.max(counts[label]!, 1))),
  );
}
