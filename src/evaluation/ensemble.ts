import type { Checkpoint, CheckpointDescription } from '../artifacts/checkpoint.js';
import { ToolkitError } from '../core/errors.js';
import type { ScoredExamples } from './probabilities.js';

/**
 * Combines several classifiers on the same examples by averaging their probabilities (Lakshminarayanan, Pritzel and
 * Blundell, "Simple and scalable predictive uncertainty estimation using deep ensembles", 2017, section 2.4).
 */
export function meanProbabilities(members: readonly ScoredExamples[]): ScoredExamples {
  const probabilities = meanOf(members.map((member) => member.probabilities));
  return { ...members[0]!, probabilities };
}

/** The mean, number by number, of what the members of an ensemble give. */
export function meanOf([first, ...others]: readonly Float64Array[]): Float64Array {
  if (!first) throw new Error('an ensemble needs members');
  const sums = first.slice();
  for (const values of others) {
    if (values.length !== sums.length) throw new Error('ensemble members with different examples');
    for (let at = 0; at < sums.length; at++) sums[at]! += values[at]!;
  }
  return sums.map((sum) => sum / (others.length + 1));
}

/** What another model was trained on that keeps it from classifying what the first one classifies; undefined where it can. */
export function misfitOf(
  { shape, classNames }: CheckpointDescription,
  { shape: firstShape, classNames: firstNames }: CheckpointDescription,
): string | undefined {
  if (shape.height !== firstShape.height || shape.width !== firstShape.width) return 'images of another size';
  if (shape.channels !== firstShape.channels) return 'images with other channels';
  return JSON.stringify(classNames) === JSON.stringify(firstNames) ? undefined : 'other classes';
}

/** The error for a member of an ensemble that was trained on something else than the first. */
export function misfitError(
  { path }: Checkpoint,
  misfit: string,
  first: CheckpointDescription,
): ToolkitError {
  const reason = `it was trained on ${misfit} than ${first.run}, and cannot be in an ensemble with it`;
  return new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
}
