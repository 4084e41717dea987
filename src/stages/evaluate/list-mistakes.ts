import { confidentMistakes } from '../../evaluation/mistakes.js';
import type { ScoredExamples } from '../../evaluation/probabilities.js';
import type { EvaluationSubject } from './evaluation-subject.js';
import type { ShownMistake } from '../../evaluation/evaluation.js';

/** The most confident mistakes on a split, the surest first. */
export function listMistakes(
  { members: [{ description }], indices }: EvaluationSubject,
  scored: ScoredExamples,
  limit: number,
): ShownMistake[] {
  const { classNames } = description;
  return confidentMistakes(scored, limit).map(({ row, label, predicted, ...probabilities }) => ({
    index: indices[row]!,
    label: classNames[label]!,
    predicted: classNames[predicted]!,
    ...probabilities,
  }));
}
