/** The limits of the temperature; beyond them the data do not determine it: all predictions are right, or all are wrong. */
const COLDEST = 0.01;
const HOTTEST = 100;
/** Enough bisections for double precision. */
const HALVINGS = 60;

/**
 * Temperature scaling: fits the temperature that minimises the mean cross-entropy (Guo et al., “On Calibration of Modern Neural
 * Networks”, 2017). It never changes the predicted class.
 *
 * The cross-entropy is convex in 1/temperature, so its slope changes sign at most once and bisection finds the minimum. If the slope
 * does not change sign, the result is the nearest limit, 0.01 or 100; without examples, 1.
 *
 * @param logits row by row: [labels.length, classes]
 */
export function fitTemperature(logits: Float32Array, labels: Uint8Array, classes: number): number {
  if (labels.length === 0) return 1;
  let [low, high] = [Math.log(1 / HOTTEST), Math.log(1 / COLDEST)];
  const slopeAt = (logarithm: number): number => slope(logits, labels, classes, Math.exp(logarithm));
  if (slopeAt(low) >= 0) return HOTTEST;
  if (slopeAt(high) <= 0) return COLDEST;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (slopeAt(middle) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(-(low + high) / 2);
}

/** The derivative of the summed cross-entropy with respect to the factor on the logits: expected minus actual logit per example. */
function slope(logits: Float32Array, labels: Uint8Array, classes: number, factor: number): number {
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const offset = row * classes;
    let maximum = -Infinity;
    for (let index = 0; index < classes; index++) maximum = Math.max(maximum, logits[offset + index]!);
    let [weight, sum] = [0, 0];
    for (let index = 0; index < classes; index++) {
      // Relative to the maximum, to avoid overflow.
      const difference = logits[offset + index]! - maximum;
      const power = Math.exp(factor * difference);
      weight += power;
      sum += power * difference;
    }
    total += sum / weight - (logits[offset + labels[row]!]! - maximum);
  }
  return total;
}
