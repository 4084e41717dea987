import { readCheckpoint, type Checkpoint } from '../../artifacts/checkpoint.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { misfitError, misfitOf } from '../../evaluation/ensemble.js';
import { accuracyOf } from '../../evaluation/classify.js';
import { predictionsOf, type ScoredExamples } from '../../evaluation/probabilities.js';
import { logLosses, mean } from '../../evaluation/scores.js';
import type { EvaluateOptions } from './evaluate-options.js';
import { openSubject, type EvaluationSubject } from './evaluation-subject.js';
import type { EnsembleMember } from '../../evaluation/evaluation.js';

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
  const further: Checkpoint[] = [];
  for (const name of others) further.push(await openMember(name, subject, options));
  return { ...subject, members: [...subject.members, ...further] };
}

/** A further member, with the same images held back as the first. Throws CHECKPOINT_REFUSED, and what `readMember` throws. */
async function openMember(
  name: string,
  { members: [first] }: EvaluationSubject,
  { checkpointsDir, split }: EvaluateOptions,
): Promise<Checkpoint> {
  const checkpoint = await readMember(name, first, checkpointsDir);
  const { data } = checkpoint.description;
  const { data: firstData } = first.description;
  const isSplitAlike =
    data.splitSeed === firstData.splitSeed && data.validationSplit === firstData.validationSplit;
  requireAlike(checkpoint, first, [
    [data.fingerprint === firstData.fingerprint, 'other data'],
    [split === 'test' || isSplitAlike, 'another split'],
  ]);
  return checkpoint;
}

/**
 * A checkpoint that can classify what another one classifies. Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, and CHECKPOINT_REFUSED
 * where it was trained for other images or classes.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 */
export async function readMember(
  name: string,
  first: Checkpoint,
  checkpointsDir: string,
): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, checkpointsDir));
  const misfit = misfitOf(checkpoint.description, first.description);
  requireAlike(checkpoint, first, [[misfit === undefined, misfit ?? '']]);
  return checkpoint;
}

/** Throws CHECKPOINT_REFUSED with the first reason that does not hold. */
function requireAlike(
  checkpoint: Checkpoint,
  first: Checkpoint,
  reasons: readonly (readonly [isAlike: boolean, misfit: string])[],
): void {
  const misfit = reasons.find(([isAlike]) => !isAlike)?.[1];
  if (misfit !== undefined) throw misfitError(checkpoint, misfit, first.description);
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

/** What an ensemble is called: its members, joined by " + "; models that occur several times are named once. */
export function namesOfMembers(
  members: readonly Checkpoint[],
): Record<'checkpoint' | 'run' | 'model', string> {
  return {
    checkpoint: members.map(({ path }) => path).join(' + '),
    run: members.map(({ description }) => description.run).join(' + '),
    model: [...new Set(members.map(({ description }) => description.model.name))].join(' + '),
  };
}
