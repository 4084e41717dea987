import type { ScoredExamples } from './probabilities.js';

/** The scores of a binary classifier for positives and negatives, each sorted ascending. */
export interface DetectorScores {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** The counts at a threshold: examples with at least this score are predicted positive. */
export interface OperatingPoint {
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** The one-vs-rest scores of a class. */
export function oneVersusRest(
  { probabilities, labels, classes }: ScoredExamples,
  label: number,
): DetectorScores {
  const scores = Float64Array.from(labels, (_, row) => probabilities[row * classes + label]!);
  return separate(scores, (row) => labels[row] === label);
}

/** The pooled one-vs-rest scores of all classes, for micro averages. */
export function allClasses({ probabilities, labels, classes }: ScoredExamples): DetectorScores {
  return separate(probabilities, (index) => labels[Math.floor(index / classes)] === index % classes);
}

function separate(scores: Float64Array, isPositive: (index: number) => boolean): DetectorScores {
  return {
    positives: scores.filter((_, index) => isPositive(index)).sort(),
    negatives: scores.filter((_, index) => !isPositive(index)).sort(),
  };
}

/** The operating points at all distinct scores, descending. */
function operatingPoints({ positives, negatives }: DetectorScores): OperatingPoint[] {
  const points: OperatingPoint[] = [];
  let positive = positives.length;
  let negative = negatives.length;
  while (positive > 0 || negative > 0) {
    const threshold = Math.max(positives[positive - 1] ?? -Infinity, negatives[negative - 1] ?? -Infinity);
    while (positives[positive - 1] === threshold) positive -= 1;
    while (negatives[negative - 1] === threshold) negative -= 1;
    points.push({
      threshold,
      truePositives: positives.length - positive,
      falsePositives: negatives.length - negative,
    });
  }
  return points;
}

/** A point of a curve. */
export type Point = readonly [x: number, y: number];

/** The ROC curve from (0, 0) to (1, 1): false-positive rate and true-positive rate. */
export function rocCurve(scores: DetectorScores): Point[] {
  const { positives, negatives } = scores;
  return [
    [0, 0],
    ...operatingPoints(scores).map(({ truePositives, falsePositives }): Point => [
      falsePositives / negatives.length,
      truePositives / positives.length,
    ]),
  ];
}

/** The precision–recall curve: recall and precision, starting at (0, 1). */
export function precisionRecallCurve(scores: DetectorScores): Point[] {
  return [
    [0, 1],
    ...operatingPoints(scores).map(({ truePositives, falsePositives }): Point => [
      truePositives / scores.positives.length,
      truePositives / (truePositives + falsePositives),
    ]),
  ];
}

/** The area under the ROC curve, by the trapezoidal rule; null without positives or without negatives. */
export function rocArea(scores: DetectorScores): number | null {
  if (scores.positives.length === 0 || scores.negatives.length === 0) return null;
  const curve = rocCurve(scores);
  return curve.slice(1).reduce((area, [x, y], index) => {
    const [beforeX, beforeY] = curve[index]!;
    return area + ((x - beforeX) * (y + beforeY)) / 2;
  }, 0);
}

/**
 * Average precision: the mean precision over thresholds, weighted by the increase of recall. The trapezoidal rule would be too
 * optimistic (Davis and Goadrich, “The relationship between precision-recall and ROC curves”, 2006). Null without positives.
 */
export function averagePrecision(scores: DetectorScores): number | null {
  if (scores.positives.length === 0) return null;
  const curve = precisionRecallCurve(scores);
  return curve
    .slice(1)
    .reduce((sum, [recall, precision], index) => sum + (recall - curve[index]![0]) * precision, 0);
}
