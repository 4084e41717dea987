import { rowOf } from '../core/images.js';

/** Examples with predicted probabilities and actual classes. */
export interface ScoredExamples {
  /** The probability of each class, row by row: [labels.length, classes]. */
  readonly probabilities: Float64Array;
  /** Class numbers from 0. */
  readonly labels: Uint8Array;
  readonly classes: number;
}

/** Probabilities from logits, without overflow and in double precision: softmax(logits / temperature). */
export function softmax(logits: ArrayLike<number>, temperature = 1): Float64Array {
  const powers = new Float64Array(logits);
  let maximum = -Infinity;
  for (const value of powers) maximum = Math.max(maximum, value);
  let sum = 0;
  for (let index = 0; index < powers.length; index++) {
    sum += powers[index] = Math.exp((powers[index]! - maximum) / temperature);
  }
  for (let index = 0; index < powers.length; index++) powers[index]! /= sum;
  return powers;
}

/** Softmax of logits, row by row: [n, classes]. */
export function softmaxRows(logits: Float32Array, classes: number, temperature = 1): Float64Array {
  const probabilities = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    probabilities.set(softmax(logits.subarray(start, start + classes), temperature), start);
  }
  return probabilities;
}

/**
 * Converts logits to probabilities.
 *
 * @param logits row by row: [labels.length, classes]
 */
export function scoreLogits(
  logits: Float32Array,
  labels: Uint8Array,
  classes: number,
  temperature = 1,
): ScoredExamples {
  return { probabilities: softmaxRows(logits, classes, temperature), labels, classes };
}

/** The probabilities of each example, as views. */
export function rowsOf({ probabilities, labels, classes }: ScoredExamples): Float64Array[] {
  return Array.from(labels, (_, row) => rowOf(probabilities, row, classes));
}

/** The predicted class of each example; the first one for ties. */
export function predictionsOf(scored: ScoredExamples): Uint8Array {
  return Uint8Array.from(rowsOf(scored), indexOfMaximum);
}

/** The index of the maximum; the first one for ties. */
export function indexOfMaximum(values: Float32Array | Float64Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index;
  return best;
}

/** The class of the largest logit, row by row. */
export function classesOf(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, row) =>
    indexOfMaximum(rowOf(logits, row, classes)),
  );
}

/** The same examples with their logits divided by a temperature: softmax(log(probabilities) / temperature). */
export function scaleByTemperature(scored: ScoredExamples, temperature: number): ScoredExamples {
  const probabilities = new Float64Array(scored.probabilities.length);
  rowsOf(scored).forEach((row, index) => {
    // A probability that underflowed to 0 counts as the smallest positive number.
    const logits = row.map((value) => Math.log(Math.max(value, Number.MIN_VALUE)));
    probabilities.set(softmax(logits, temperature), index * scored.classes);
  });
  return { ...scored, probabilities };
}
