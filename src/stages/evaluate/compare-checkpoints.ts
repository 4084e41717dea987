import type { StageContext } from '../../core/events.js';
import { accuracyOf } from '../../evaluation/classify.js';
import { comparePaired } from '../../evaluation/mcnemar.js';
import { predictionsOf, type ScoredExamples } from '../../evaluation/probabilities.js';
import { startForMore } from '../../models/onnx/start.js';
import type { EvaluateOptions } from './evaluate-options.js';
import { openSubject, scoreImages, type EvaluationSubject } from './evaluation-subject.js';
import type { CheckpointComparison } from '../../evaluation/evaluation.js';

/**
 * Compares a checkpoint with another one on the images of its split, by McNemar's test. Throws what `openSubject` throws for the
 * other one.
 */
export async function compareCheckpoints(
  subject: EvaluationSubject,
  scored: ScoredExamples,
  { compare = '', ...options }: EvaluateOptions,
  context: StageContext,
): Promise<CheckpointComparison> {
  const { dataset, indices } = subject;
  const other = await openSubject(compare, { ...options, dataset, split: 'test' }, context);
  warnOfUnfairSplit(subject, other, options, context);
  await startForMore(other.members, subject.members, options, context);
  const { classNames } = subject.members[0].description;
  const { labels } = scored;
  const first = predictionsOf(scored);
  const second = predictionsOf(await scoreImages(other, subject, options, context));
  const nameOf = (label: number): string => classNames[label]!;
  return {
    checkpoint: other.members[0].path,
    run: other.members[0].description.run,
    accuracy: accuracyOf(second, labels),
    ...comparePaired(labels, first, second),
    differing: Array.from(labels.keys())
      .filter((row) => first[row] !== second[row])
      .map((row) => ({
        index: indices[row]!,
        label: nameOf(labels[row]!),
        predicted: nameOf(first[row]!),
        other: nameOf(second[row]!),
      })),
  };
}

/** Images that were held out from one checkpoint may be training images of the other. */
function warnOfUnfairSplit(
  { members: [checkpoint], dataset }: EvaluationSubject,
  { members: [other] }: EvaluationSubject,
  { split }: Pick<EvaluateOptions, 'split'>,
  { emit }: StageContext,
): void {
  const [ours, theirs] = [checkpoint, other].map(({ description }) => description.data);
  const isSame =
    ours!.splitSeed === theirs!.splitSeed &&
    ours!.validationSplit === theirs!.validationSplit &&
    theirs!.dataset === dataset;
  if (split === 'test' || isSame) return;
  emit({
    event: 'warning',
    code: 'SPLITS_DIFFER',
    message: `${other.description.run} was trained with another split: some of the ${split} images may be among its training images`,
    hint: 'compare on --split test',
  });
}
