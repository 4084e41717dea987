/** The likeliest class of an example, how likely it was said to be, and whether it was right. */
export interface Judgement {
  predicted: number;
  confidence: number;
  correct: boolean;
}

/** The examples whose confidence lies in one interval. */
export interface ConfidenceBin {
  from: number;
  to: number;
  count: number;
  /** Means over the examples; 0 where there are none. */
  confidence: number;
  accuracy: number;
}

/** The judgement of each example. */
export function judgementsOf(probabilities: readonly Float64Array[], labels: Uint8Array): Judgement[] {
  return probabilities.map((row, index) => {
    const predicted = row.indexOf(row.reduce((most, value) => Math.max(most, value), -1));
    return { predicted, confidence: row[predicted]!, correct: predicted === labels[index] };
  });
}

/** Examples by their confidence, in intervals of equal width. */
export function reliability(judgements: readonly Judgement[], bins = 15): ConfidenceBin[] {
  const found = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, correct: 0 }));
  for (const { confidence, correct } of judgements) {
    // An interval holds its upper end, as in the paper: (0, 1/bins], …
    const bin = found[Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1))]!;
    bin.count += 1;
    bin.confidence += confidence;
    bin.correct += Number(correct);
  }
  return found.map(({ count, confidence, correct }, index) => ({
    from: index / bins,
    to: (index + 1) / bins,
    count,
    confidence: confidence / Math.max(1, count),
    accuracy: correct / Math.max(1, count),
  }));
}

/** How far confidence is from accuracy, in the mean over the intervals, each counting by its examples (Guo et al., 2017). */
export function expectedCalibrationError(judgements: readonly Judgement[], bins = 15): number {
  const total = judgements.length;
  return reliability(judgements, bins).reduce(
    (sum, { count, confidence, accuracy }) =>
      sum + (count / Math.max(1, total)) * Math.abs(accuracy - confidence),
    0,
  );
}

/** How far confidence is from accuracy in the interval where it is farthest. */
export function maximumCalibrationError(judgements: readonly Judgement[], bins = 15): number {
  return Math.max(
    0,
    ...reliability(judgements, bins).map(({ count, confidence, accuracy }) =>
      count === 0 ? 0 : Math.abs(accuracy - confidence),
    ),
  );
}
