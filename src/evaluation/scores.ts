import { rowsOf, type ScoredExamples } from './probabilities.js';

/** The log loss of each example: −log of the probability of its label, in nats. */
export function logLosses(scored: ScoredExamples): Float64Array {
  const { labels } = scored;
  // A probability that underflowed to 0 counts as the smallest positive number, or the mean would be infinite.
  return Float64Array.from(rowsOf(scored), (row, index) =>
    Math.abs(Math.log(Math.max(row[labels[index]!]!, Number.MIN_VALUE))),
  );
}

/**
 * The Brier score of each example: the squared distance between its probabilities and the one-hot label, from 0 to 2 (“Verification of
 * forecasts expressed in terms of probability”, 1950).
 */
export function brierScores(scored: ScoredExamples): Float64Array {
  const { labels } = scored;
  return Float64Array.from(rowsOf(scored), (row, index) =>
    row.reduce((sum, value, label) => sum + (value - Number(label === labels[index])) ** 2, 0),
  );
}

/**
 * Top-k accuracy: the share of examples whose class is among the k most probable. For ties, higher class numbers come first, as in
 * scikit-learn.
 */
export function topKAccuracy(scored: ScoredExamples, k: number): number {
  const { labels } = scored;
  const rows = rowsOf(scored);
  const hits = rows.filter((row, index) => rankOf(row, labels[index]!) < k).length;
  return rows.length === 0 ? 0 : hits / rows.length;
}

/** The rank of a class, from 0. */
function rankOf(row: Float64Array, label: number): number {
  const own = row[label]!;
  return row.reduce(
    (before, value, other) => before + Number(value > own || (value === own && other > label)),
    0,
  );
}

/** The mean; 0 without values. */
export function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
