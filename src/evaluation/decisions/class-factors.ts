import { rowsOf, type ScoredExamples } from '../probabilities.js';

const MAX_ROUNDS = 1000;
/** Factors that change less than this, as a share, have settled. */
const SETTLED = 1e-9;

/**
 * How much a model under- or overestimates each class: the factors by which its probabilities, made to add up to 1 again, are the likeliest
 * for the labels (the bias of Alexandari, Kundaje and Shrikumar, “Maximum likelihood with bias-corrected calibration is hard-to-beat at
 * label shift adaptation”, 2020; the temperature is fitted before). The mean probability of each class is then the class's share of the
 * labels. The smallest factor is 1. A class without examples keeps its probability.
 */
export function classFactors(scored: ScoredExamples): number[] {
  const { labels, classes } = scored;
  const rows = rowsOf(scored);
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]! += 1;
  const factors = new Array<number>(classes).fill(1);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const expected = new Array<number>(classes).fill(0);
    for (const row of rows) {
      const weighted = row.map((probability, label) => probability * factors[label]!);
      const sum = weighted.reduce((total, value) => total + value, 0);
      weighted.forEach((value, label) => (expected[label]! += value / sum));
    }
    const steps = counts.map((count, label) =>
      count === 0 || !(expected[label]! > 0) ? 1 : count / expected[label]!,
    );
    steps.forEach((step, label) => (factors[label]! *= step));
    if (steps.every((step) => Math.abs(step - 1) < SETTLED)) break;
  }
  const smallest = Math.min(...factors);
  return factors.map((factor) => factor / smallest);
}
