/** Below this p-value a difference is significant. */
export const SIGNIFICANCE = 0.05;

/** The paired comparison of two classifiers on the same examples. */
export interface PairedComparison {
  /** Examples that only the first classifies correctly. */
  onlyFirst: number;
  /** Examples that only the second classifies correctly. */
  onlySecond: number;
  /** The p-value of McNemar's exact two-sided test. */
  pValue: number;
}

/** Compares predictions on the same examples. */
export function comparePaired(labels: Uint8Array, first: Uint8Array, second: Uint8Array): PairedComparison {
  let onlyFirst = 0;
  let onlySecond = 0;
  labels.forEach((label, index) => {
    const isFirst = first[index] === label;
    const isSecond = second[index] === label;
    if (isFirst && !isSecond) onlyFirst += 1;
    if (isSecond && !isFirst) onlySecond += 1;
  });
  return { onlyFirst, onlySecond, pValue: mcNemarExact(onlyFirst, onlySecond) };
}

/**
 * The p-value of McNemar's exact test (two-sided): under the null hypothesis each example on which just one classifier is
 * right is a fair coin toss. Summed with logarithms, so that thousands of examples neither overflow nor vanish.
 */
export function mcNemarExact(onlyFirst: number, onlySecond: number): number {
  const tosses = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  let logTerm = -tosses * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let heads = 1; heads <= fewer; heads++) {
    logTerm += Math.log((tosses - heads + 1) / heads);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}
