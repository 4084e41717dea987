import type { Metrics } from '../core/events.js';
import { indexOfMaximum } from './probabilities.js';
import { rowOf } from '../core/images.js';

/** The labels of the images at the given indices. */
export function labelsAt(labels: Uint8Array, indices: Int32Array): Uint8Array {
  return Uint8Array.from(indices, (index) => labels[index]!);
}

/** Mean cross-entropy and accuracy of logits, row by row: [labels.length, classes]. */
export function meanMetrics(logits: Float32Array, labels: Uint8Array): Metrics {
  const classes = logits.length / labels.length;
  let loss = 0;
  let correct = 0;
  labels.forEach((label, index) => {
    const row = rowOf(logits, index, classes);
    const predicted = indexOfMaximum(row);
    loss += crossEntropy(row, label, row[predicted]);
    if (predicted === label) correct += 1;
  });
  return { loss: loss / labels.length, accuracy: correct / labels.length };
}

/** The share of correct predictions; 0 without any. */
export function accuracyOf(predicted: Uint8Array | Int32Array, labels: Uint8Array): number {
  const correct = labels.filter((label, row) => label === predicted[row]).length;
  return correct / Math.max(1, labels.length);
}

/**
 * −log softmax(logits)[label], in nats, without overflow.
 *
 * @param maximum the largest logit, if already known
 */
export function crossEntropy(
  logits: Float32Array,
  label: number,
  maximum = logits[indexOfMaximum(logits)]!,
): number {
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - maximum), 0);
  // In this order: added to a large maximum, the logarithm would lose its digits.
  return Math.log(sum) + (maximum - logits[label]!);
}
