import { indexOfMaximum } from '../../../evaluation/probabilities.js';
import { rowOf } from '../../../core/images.js';

/** An example whose label is probably wrong. */
export interface Suspect {
  index: number;
  given: number;
  /** The class that it probably has. */
  suggested: number;
  /** What the models give the label that it has: the lower, the more suspect. */
  selfConfidence: number;
  /** What they give the suggested class. */
  confidence: number;
  /** Whether that reaches the class's threshold: however noisy the labels are, it is as sure as of images labelled so. */
  isConfident: boolean;
}

/** What confident learning finds. */
export interface LabelSuspects {
  /** The examples that the models take for another class than their label's, the most suspect first. */
  suspects: Suspect[];
  /** How many labels are probably wrong: so many of the first suspects are what confident learning prunes. */
  estimatedErrors: number;
}

/**
 * Confident learning (Northcutt, Jiang and Chuang, “Confident learning: estimating uncertainty in dataset labels”, 2021).
 * The threshold of a class is the mean probability that the models give it on examples labelled so. An example counts as
 * confidently of a class when its probability reaches the class's threshold; where several do, the most probable counts. From
 * these counts (the confident joint, calibrated by the number of examples of each label) comes how many labels are wrong;
 * which, comes from ranking by self-confidence.
 *
 * @param probabilities of models that were trained without the example in question: [examples, classes]
 * @param indices the examples that count; the others have no label
 */
export function findLabelErrors(
  probabilities: Float32Array,
  labels: Uint8Array,
  classes: number,
  indices: Int32Array,
): LabelSuspects {
  const thresholds = classThresholds(probabilities, labels, classes, indices);
  const joint = Array.from({ length: classes }, () => new Float64Array(classes));
  const suspects: Suspect[] = [];
  for (const index of indices) {
    const row = rowOf(probabilities, index, classes);
    const given = labels[index]!;
    const counted = confidentClass(row, thresholds);
    if (counted !== undefined) joint[given]![counted]! += 1;
    const suggested = indexOfMaximum(row);
    if (suggested === given) continue;
    suspects.push({
      ...{ index, given, suggested },
      selfConfidence: row[given]!,
      confidence: row[suggested]!,
      isConfident: counted === suggested,
    });
  }
  suspects.sort((a, b) => a.selfConfidence - b.selfConfidence || a.index - b.index);
  return { suspects, estimatedErrors: estimateErrors(joint, labels, indices) };
}

function classThresholds(
  probabilities: Float32Array,
  labels: Uint8Array,
  classes: number,
  indices: Int32Array,
): Float64Array {
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  for (const index of indices) {
    const label = labels[index]!;
    sums[label]! += probabilities[index * classes + label]!;
    counts[label]! += 1;
  }
  // A class without examples has no threshold that could be reached.
  return sums.map((sum, label) => (counts[label] === 0 ? Infinity : sum / counts[label]!));
}

function confidentClass(row: Float32Array, thresholds: Float64Array): number | undefined {
  let best: number | undefined;
  row.forEach((probability, label) => {
    if (probability < thresholds[label]!) return;
    if (best === undefined || probability > row[best]!) best = label;
  });
  return best;
}

/** The off-diagonal of the joint, calibrated so that each row sums up to the number of examples with that label. */
function estimateErrors(joint: readonly Float64Array[], labels: Uint8Array, indices: Int32Array): number {
  const counts = new Float64Array(joint.length);
  for (const index of indices) counts[labels[index]!]! += 1;
  const errors = joint.map((row, given) => {
    const sum = row.reduce((total, count) => total + count, 0);
    return sum === 0 ? 0 : (counts[given]! * (sum - row[given]!)) / sum;
  });
  return Math.round(errors.reduce((total, count) => total + count, 0));
}
