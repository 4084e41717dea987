import type { CheckpointDescription } from '../artifacts/checkpoint.js';
import type { ScoredExamples } from './probabilities.js';

/**
 * Combines several classifiers on the same examples by averaging their probabilities (Lakshminarayanan, Pritzel and
 * Blundell, "Simple and scalable predictive uncertainty estimation using deep ensembles", 2017, section 2.4).
 */
export function meanProbabilities(members: readonly ScoredExamples[]): ScoredExamples {
  const [first] = members;
  if (!first) throw new Error('an ensemble needs members');
  const probabilities = new Float64Array(first.probabilities.length);
  for (const member of members) {
    if (member.probabilities.length !== probabilities.length)
      throw new Error('ensemble members with different examples');
    for (let at = 0; at < probabilities.length; at++) probabilities[at]! += member.probabilities[at]!;
  }
  return { ...first, probabilities: probabilities.map((sum) => sum / members.length) };
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
