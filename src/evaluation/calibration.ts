/** The predicted class of an example, its probability, and whether it is correct. */
export interface Judgement {
  predicted: number;
  confidence: number;
  correct: boolean;
}

/** The examples whose confidence lies in one bin. */
export interface ConfidenceBin {
  from: number;
  to: number;
  count: number;
  /** Means over the examples; 0 without any. */
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

/** The reliability diagram: examples by confidence, in bins of equal width. */
export function reliability(judgements: readonly Judgement[], bins = 15): ConfidenceBin[] {
  const found = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, correct: 0 }));
  for (const { confidence, correct } of judgements) {
    // A bin includes its upper end, as in the paper: (0, 1/bins], …
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

/** The expected calibration error: the mean gap between confidence and accuracy, weighted by examples per bin (Guo et al., 2017). */
export function expectedCalibrationError(judgements: readonly Judgement[], bins = 15): number {
  const total = judgements.length;
  return reliability(judgements, bins).reduce(
    (sum, { count, confidence, accuracy }) =>
      sum + (count / Math.max(1, total)) * Math.abs(accuracy - confidence),
    0,
  );
}

/** The maximum calibration error: the largest gap between confidence and accuracy in a bin. */
export function maximumCalibrationError(judgements: readonly Judgement[], bins = 15): number {
  return Math.max(
    0,
    ...reliability(judgements, bins).map(({ count, confidence, accuracy }) =>
      count === 0 ? 0 : Math.abs(accuracy - confidence),
    ),
  );
}
