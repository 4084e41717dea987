import { rowsOf, type ScoredExamples } from './probabilities.js';

/** How surprising each example's label was: −log of its probability, in nats. */
export function logLosses(scored: ScoredExamples): Float64Array {
  const { labels } = scored;
  // A probability that has become 0 counts as the smallest number, or one example would make the mean infinite.
  return Float64Array.from(rowsOf(scored), (row, index) =>
    Math.abs(Math.log(Math.max(row[labels[index]!]!, Number.MIN_VALUE))),
  );
}

/**
 * Brier's score of each example: the squared distance between its probabilities and the truth, from 0 to 2 (“Verification of
 * forecasts expressed in terms of probability”, 1950).
 */
export function brierScores(scored: ScoredExamples): Float64Array {
  const { labels } = scored;
  return Float64Array.from(rowsOf(scored), (row, index) =>
    row.reduce((sum, value, label) => sum + (value - Number(label === labels[index])) ** 2, 0),
  );
}

/**
 * The share of examples whose class is among the k likeliest. Among equally likely classes those with higher numbers come
 * first, as in scikit-learn.
 */
export function topKAccuracy(scored: ScoredExamples, k: number): number {
  const { labels } = scored;
  const rows = rowsOf(scored);
  const hits = rows.filter((row, index) => rankOf(row, labels[index]!) < k).length;
  return rows.length === 0 ? 0 : hits / rows.length;
}

/** How many classes come before one. */
function rankOf(row: Float64Array, label: number): number {
  const own = row[label]!;
  return row.reduce(
    (before, value, other) => before + Number(value > own || (value === own && other > label)),
    0,
  );
}

/** The mean of some values; 0 of none. */
export function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
