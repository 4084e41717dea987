/** The middle of some numbers; of an even count, the mean of the two in the middle. Throws if there are none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The distance between the quartiles: in it lies the middle half of the numbers. */
export function interquartileRange(values: readonly number[]): number {
  return quantile(values, 0.75) - quantile(values, 0.25);
}

/**
 * How many times as large as our numbers the others are: the median of the ratios of those taken in the same round, so that what
 * slows a whole round down does not count.
 */
export function medianRatio(others: readonly number[], ours: readonly number[]): number {
  if (others.length !== ours.length) throw new Error('ratios need as many numbers on both sides');
  return median(others.map((value, round) => value / ours[round]!));
}

/** A quantile, interpolated linearly between the numbers beside it, as numpy and R's type 7 do. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('there are no numbers to take a quantile of');
  const sorted = values.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (position % 1) * (above - below);
}
