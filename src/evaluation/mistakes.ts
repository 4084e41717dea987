import { predictionsOf, rowsOf, type ScoredExamples } from './probabilities.js';

/** A misclassified example. */
export interface Mistake {
  /** The index of the example. */
  row: number;
  label: number;
  predicted: number;
  /** The probability of the predicted class. */
  probability: number;
  /** The probability of the actual class. */
  labelProbability: number;
}

/** The mistakes with the highest probability of the predicted class, the most confident first. */
export function confidentMistakes(scored: ScoredExamples, limit: number): Mistake[] {
  const predicted = predictionsOf(scored);
  const rows = rowsOf(scored);
  return Array.from(scored.labels, (label, row): Mistake => {
    const own = predicted[row]!;
    return {
      row,
      label,
      predicted: own,
      probability: rows[row]![own]!,
      labelProbability: rows[row]![label]!,
    };
  })
    .filter(({ label, predicted: own }) => label !== own)
    .sort((a, b) => b.probability - a.probability || a.row - b.row)
    .slice(0, limit);
}
