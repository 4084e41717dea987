import { readCheckpoint, type Checkpoint } from '../artifacts/checkpoint.js';
import { resolveCheckpoint } from '../artifacts/run.js';
import { ToolkitError } from '../core/errors.js';
import type { Metrics, StageContext } from '../core/events.js';
import { accuracyOf } from '../evaluation/classify.js';
import { predictionsOf, type ScoredExamples } from '../evaluation/probabilities.js';
import { logLosses, mean } from '../evaluation/scores.js';
import type { EvaluateOptions } from './evaluate-options.js';
import { openSubject, type EvaluationSubject } from './evaluation-subject.js';

/** A checkpoint of an ensemble, and how it does alone. */
export interface EnsembleMember extends Metrics {
  checkpoint: string;
  run: string;
  model: string;
}

/**
 * Finds the checkpoints of an ensemble and the images of a split. Throws USAGE for fewer than two, CHECKPOINT_REFUSED where a member
 * was trained for other images, classes or data than the first, and what `openSubject` throws.
 */
export async function openEnsemble(
  names: readonly string[],
  options: EvaluateOptions,
  context: StageContext,
): Promise<EvaluationSubject> {
  const [first, ...others] = names;
  if (first === undefined || others.length === 0) {
    throw new ToolkitError('USAGE', {
      message: 'an ensemble has two members or more',
      hint: 'name them all: "mnist evaluate A B C --ensemble"',
    });
  }
  const subject = await openSubject(first, options, context);
  const members = [subject.checkpoint];
  for (const name of others) members.push(await openMember(name, subject, options));
  return { ...subject, members };
}

/** A further member: for the same classes, and with the same images held back as the first. Throws CHECKPOINT_REFUSED. */
async function openMember(
  name: string,
  { checkpoint: { description: first } }: EvaluationSubject,
  { checkpointsDir, split }: EvaluateOptions,
): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, checkpointsDir));
  const { path, description } = checkpoint;
  const { data, classNames, shape } = description;
  const isSplitAlike =
    data.splitSeed === first.data.splitSeed && data.validationSplit === first.data.validationSplit;
  const reasons: [boolean, string][] = [
    [shape.height === first.shape.height && shape.width === first.shape.width, 'images of another size'],
    [shape.channels === first.shape.channels, 'images with other channels'],
    [JSON.stringify(classNames) === JSON.stringify(first.classNames), 'other classes'],
    [data.fingerprint === first.data.fingerprint, 'other data'],
    [split === 'test' || isSplitAlike, `another split, so that it may know some of the ${split} images`],
  ];
  const misfit = reasons.find(([isAlike]) => !isAlike)?.[1];
  if (misfit === undefined) return checkpoint;
  const reason = `trained on ${misfit} than ${first.run}, and so no member of its ensemble`;
  throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
}

/** How a member does alone. */
export function describeMember({ path, description }: Checkpoint, scored: ScoredExamples): EnsembleMember {
  return {
    checkpoint: path,
    run: description.run,
    model: description.model.name,
    accuracy: accuracyOf(predictionsOf(scored), scored.labels),
    loss: mean(logLosses(scored)),
  };
}
