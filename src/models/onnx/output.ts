import type { SessionOutput } from '../../engine/onnx-runtime/session.js';
import { rowOf } from '../../core/images.js';
import type { OnnxSettings } from './settings.js';

/** How far probabilities may be from adding up to 1: those of 16 bits have three digits. */
const TOLERANCE = 0.01;

/** An output is not what a model is said to give, for a message. */
export class OutputError extends Error {}

/**
 * The logits in an output: [count, classes]. Of probabilities they are the logarithms; a single number for two classes is the logit or
 * the probability of the second. Throws OutputError.
 */
export function logitsIn(
  output: SessionOutput,
  count: number,
  classes: number,
  kind: OnnxSettings['output']['kind'],
): Float32Array {
  const columns = columnsOf(output, count);
  if (columns !== classes && !(columns === 1 && classes === 2)) {
    throw new OutputError(`it gives ${columns} numbers for an image, and there are ${classes} classes`);
  }
  const { values } = output;
  if (columns === 1) {
    return kind === 'logits' ? pairs(values, (logit) => [0, logit]) : pairs(requireShares(values), logsOf);
  }
  if (kind === 'logits') return Float32Array.from(values);
  for (let row = 0; row < count; row++) requireDistribution(rowOf(values, row, columns));
  return values.map(safeLog);
}

/** How many numbers an output has for each image. Throws OutputError. */
export function columnsOf({ shape, values }: SessionOutput, count: number): number {
  const columns = values.length / count;
  if (shape[0] === count && Number.isInteger(columns) && columns > 0) return columns;
  throw new OutputError(`its output for ${count} images has the shape [${shape.join(', ')}]`);
}

/** Whether numbers can be the probabilities of classes that exclude each other. */
export function isDistribution(row: Float32Array): boolean {
  const sum = row.reduce((total, value) => total + value, 0);
  return Math.abs(sum - 1) <= TOLERANCE && row.every(isShare);
}

/** Whether a number can be a probability. */
export function isShare(value: number): boolean {
  return value >= -TOLERANCE && value <= 1 + TOLERANCE;
}

function requireDistribution(row: Float32Array): void {
  // What is no number is refused where all outputs are.
  if (isDistribution(row) || !row.every(Number.isFinite)) return;
  const sum = row.reduce((total, value) => total + value, 0);
  const found = row.every(isShare) ? `add up to ${sum.toPrecision(3)}` : 'are not between 0 and 1';
  throw new OutputError(`its outputs are said to be probabilities, and those of an image ${found}`);
}

function requireShares(values: Float32Array): Float32Array {
  if (values.every((value) => isShare(value) || !Number.isFinite(value))) return values;
  throw new OutputError('its output is said to be a probability, and is not between 0 and 1');
}

function pairs(values: Float32Array, of: (value: number) => readonly [number, number]): Float32Array {
  const made = new Float32Array(2 * values.length);
  values.forEach((value, row) => {
    made.set(of(value), 2 * row);
  });
  return made;
}

const logsOf = (probability: number): [number, number] => [safeLog(1 - probability), safeLog(probability)];

/** A probability of 0 is one too small for its type. */
function safeLog(probability: number): number {
  return Math.log(probability <= 0 ? Number.MIN_VALUE : probability);
}
