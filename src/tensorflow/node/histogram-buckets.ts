import { ToolkitError } from '../../core/errors.js';

/** Rows of [left edge, right edge, count]. */
export interface Buckets {
  readonly count: number;
  readonly values: Float32Array;
}

/**
 * Counts values in equally wide buckets between the smallest and the largest value. Equal values get one bucket of width 1, no values no
 * bucket; NaN and infinities are ignored. Throws USAGE unless the number of buckets is a positive integer.
 */
export function bucketsOf(data: ArrayLike<number>, count: number): Buckets {
  if (!Number.isSafeInteger(count) || count <= 0) {
    throw new ToolkitError('USAGE', {
      message: `Expected bucket count to be a strictly positive integer, but it was ${count}`,
      hint: 'omit buckets for the default of 30',
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
