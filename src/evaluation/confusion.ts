/** Examples by actual class (row) and predicted class (column). */
export type ConfusionMatrix = readonly (readonly number[])[];

/** Precision: share of predictions that are right. Recall: share of actual examples found. F1: their harmonic mean. */
export interface PrecisionRecall {
  precision: number;
  recall: number;
  f1: number;
}

/** Counts the examples of each actual class by predicted class. */
export function confusionMatrix(labels: Uint8Array, predicted: Uint8Array, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, index) => (matrix[label]![predicted[index]!]! += 1));
  return matrix;
}

/** Precision, recall and F1 of one class. A ratio with denominator 0 is 0, as in scikit-learn. */
export function precisionRecall(matrix: ConfusionMatrix, label: number): PrecisionRecall {
  const found = matrix[label]![label]!;
  const support = sum(matrix[label]!);
  const predicted = sum(matrix.map((row) => row[label]!));
  return {
    precision: ratio(found, predicted),
    recall: ratio(found, support),
    f1: ratio(2 * found, support + predicted),
  };
}

/**
 * Whether a class occurs among the actual or the predicted classes. As in scikit-learn, macro averages exclude classes that do not.
 */
export function occurs(matrix: ConfusionMatrix, label: number): boolean {
  return matrix.some((row, actual) => row[label]! > 0 || (actual === label && sum(row) > 0));
}

/** Macro averages over the classes that occur. */
export function macroPrecisionRecall(matrix: ConfusionMatrix): PrecisionRecall {
  const labels = [...matrix.keys()].filter((label) => occurs(matrix, label));
  return averagePrecisionRecall(
    labels.map((label) => precisionRecall(matrix, label)),
    labels.map(() => 1),
  );
}

/** The classes that have examples but are never predicted. */
export function neverPredicted(matrix: ConfusionMatrix): number[] {
  return [...matrix.keys()].filter(
    (label) => sum(matrix[label]!) > 0 && matrix.every((row) => row[label] === 0),
  );
}

/** Weighted averages over the classes. */
export function averagePrecisionRecall(
  perClass: readonly PrecisionRecall[],
  weights: readonly number[],
): PrecisionRecall {
  const mean = (key: keyof PrecisionRecall): number =>
    ratio(sum(perClass.map((values, index) => values[key] * weights[index]!)), sum(weights));
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
}

/** The mean recall of the classes that have examples. */
export function balancedAccuracy(matrix: ConfusionMatrix): number {
  const present = matrix.map((row, label) => [row[label]!, sum(row)] as const).filter(([, all]) => all > 0);
  return ratio(sum(present.map(([found, all]) => found / all)), present.length);
}

/**
 * Cohen's kappa: agreement corrected for chance (“A coefficient of agreement for nominal scales”, 1960). 0 if the agreement expected
 * by chance is 1.
 */
export function cohenKappa(matrix: ConfusionMatrix): number {
  const { total, actual, predicted, correct } = marginals(matrix);
  const byChance = sum(actual.map((times, label) => times * predicted[label]!));
  return ratio(correct * total - byChance, total ** 2 - byChance);
}

/**
 * Matthews' correlation coefficient for several classes (Gorodkin, “Comparing two K-category assignments by a K-category
 * correlation coefficient”, 2004). 0 if all labels or all predictions are the same.
 */
export function matthewsCorrelation(matrix: ConfusionMatrix): number {
  const { total, actual, predicted, correct } = marginals(matrix);
  const squares = (counts: readonly number[]): number => total ** 2 - sum(counts.map((count) => count ** 2));
  const byChance = sum(actual.map((times, label) => times * predicted[label]!));
  return ratio(correct * total - byChance, Math.sqrt(squares(actual)) * Math.sqrt(squares(predicted)));
}

interface Marginals {
  total: number;
  correct: number;
  /** The number of examples of each class. */
  actual: number[];
  /** The number of predictions of each class. */
  predicted: number[];
}

function marginals(matrix: ConfusionMatrix): Marginals {
  const actual = matrix.map(sum);
  const predicted = matrix.map((_, label) => sum(matrix.map((row) => row[label]!)));
  return { total: sum(actual), correct: sum(diagonal(matrix)), actual, predicted };
}

function diagonal(matrix: ConfusionMatrix): number[] {
  return matrix.map((row, label) => row[label]!);
}

/** The sum of some numbers; 0 of none. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A quotient; 0 if the denominator is 0. */
export function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}
