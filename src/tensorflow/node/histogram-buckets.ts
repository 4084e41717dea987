import { ToolkitError } from '../../core/errors.js';

/** Rows of [left edge, right edge, count]. */
export interface Buckets {
  readonly count: number;
  readonly values: Float32Array;
}

/**
 * Counts values in buckets of the same width between the smallest and the largest one. Values that are all equal have one bucket of the
 * width 1; no values have none; NaN and the infinities are left out. Throws USAGE for a number of buckets that is no positive integer.
 */
export function bucketsOf(data: ArrayLike<number>, count: number): Buckets {
  if (!Number.isSafeInteger(count) || count <= 0) {
    throw new ToolkitError('USAGE', {
      message: `Expected bucket count to be a strictly positive integer, but it was ${count}`,
      hint: 'leave buckets out for 30 of them',
    });
  }
  const finite = Float64Array.from(data).filter(Number.isFinite);
  if (finite.length === 0) return { count: 0, values: new Float32Array(0) };
  const min = finite.reduce((smallest, value) => Math.min(smallest, value));
  const max = finite.reduce((largest, value) => Math.max(largest, value));
  if (min === max) return { count: 1, values: Float32Array.of(min - 0.5, min + 0.5, finite.length) };
  const width = (max - min) / count;
  const counts = new Float64Array(count);
  // The largest value belongs to the last bucket.
  for (const value of finite) counts[Math.min(Math.floor((value - min) / width), count - 1)]!++;
  const edge = (index: number): number => (index === count ? max : min + index * width);
  const rows = Array.from(counts, (inside, index) => [edge(index), edge(index + 1), inside]);
  return { count, values: Float32Array.from(rows.flat()) };
}
