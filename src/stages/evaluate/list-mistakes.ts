import { confidentMistakes } from '../../evaluation/mistakes.js';
import type { ScoredExamples } from '../../evaluation/probabilities.js';
import type { EvaluationSubject } from './evaluation-subject.js';

/** An image of a split that was taken for something else. */
export interface ShownMistake {
  /** Its position in the file of its split. */
  index: number;
  label: string;
  predicted: string;
  /** How likely the predicted class was said to be, and the true one. */
  probability: number;
  labelProbability: number;
}

/** The most confident mistakes of a checkpoint on its split, the surest first. */
export function listMistakes(
  { checkpoint, indices }: EvaluationSubject,
  scored: ScoredExamples,
  limit: number,
): ShownMistake[] {
  const { classNames } = checkpoint.description;
  return confidentMistakes(scored, limit).map(({ row, label, predicted, ...probabilities }) => ({
    index: indices[row]!,
    label: classNames[label]!,
    predicted: classNames[predicted]!,
    ...probabilities,
  }));
}
