/** Temperatures outside of this range say that the data cannot tell: all right, or all wrong. */
const COLDEST = 0.01;
const HOTTEST = 100;
/** Halving the range so often leaves nothing of it in double precision. */
const HALVINGS = 60;

/**
 * The temperature by which logits are divided so that the probabilities fit the labels best, in the sense of the mean
 * cross-entropy (Guo et al., “On Calibration of Modern Neural Networks”, 2017). It never changes which class is likeliest.
 *
 * The cross-entropy is convex in 1/temperature, so its slope changes sign at most once: bisection finds the place whatever the
 * logits are. Where it does not change sign, the nearest temperature from 0.01 to 100 is given; without examples, 1.
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

/** The derivative of the summed cross-entropy by the factor on the logits: expected minus found logit, of each example. */
function slope(logits: Float32Array, labels: Uint8Array, classes: number, factor: number): number {
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const offset = row * classes;
    let maximum = -Infinity;
    for (let index = 0; index < classes; index++) maximum = Math.max(maximum, logits[offset + index]!);
    let [weight, sum] = [0, 0];
    for (let index = 0; index < classes; index++) {
      // Differences to the maximum, so that nothing overflows.
      const difference = logits[offset + index]! - maximum;
      const power = Math.exp(factor * difference);
      weight += power;
      sum += power * difference;
    }
    total += sum / weight - (logits[offset + labels[row]!]! - maximum);
  }
  return total;
}
