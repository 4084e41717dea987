import { readCheckpoint, type Checkpoint } from '../artifacts/checkpoint.js';
import { resolveCheckpoint } from '../artifacts/run.js';
import { ToolkitError } from '../core/errors.js';
import { silentContext, type Metrics, type StageContext } from '../core/events.js';
import { writeFileAtomically } from '../core/files.js';
import { meanProbabilities } from '../evaluation/ensemble.js';
import { predictionsOf, type ScoredExamples } from '../evaluation/probabilities.js';
import { logLosses, mean } from '../evaluation/scores.js';
import { startChosenBackend } from './backend-options.js';
import { isPage, measureExamples, type Measured } from './evaluate.js';
import type { EvaluateOptions, SplitName } from './evaluate-options.js';
import { openSubject, scoreImages, type EvaluationSubject } from './evaluation-subject.js';

/** A checkpoint of an ensemble, and how it does alone. */
export interface EnsembleMember extends Metrics {
  checkpoint: string;
  run: string;
  model: string;
}

/** How checkpoints do together on a split of a data set. */
export interface EnsembleEvaluation extends Measured {
  members: EnsembleMember[];
  dataset: string;
  split: SplitName;
  backend: string;
  device: string;
  seconds: number;
  /** Images that the whole ensemble classified in a second. */
  imagesPerSecond: number;
  /** Where the report was written, if it was asked for. */
  report: string | null;
}

/**
 * Classifies the images of a split by the mean of several checkpoints' probabilities, and measures how well; and how well each
 * does alone.
 *
 * @param names two or more of what `evaluate` takes
 *
 * Throws USAGE for fewer, CHECKPOINT_REFUSED where a member was trained for other images, classes or data than the first, and what
 * `evaluate` throws.
 */
export async function evaluateEnsemble(
  names: readonly string[],
  options: EvaluateOptions,
  context: StageContext = silentContext(),
): Promise<EnsembleEvaluation> {
  requireMembers(names, options);
  const subject = await openSubject(names[0]!, options, context);
  const checkpoints = [subject.checkpoint];
  for (const name of names.slice(1)) checkpoints.push(await openMember(name, subject, options));
  const backend = await startChosenBackend(options, context);
  const started = performance.now();
  const scores: ScoredExamples[] = [];
  for (const checkpoint of checkpoints) {
    scores.push(await scoreImages({ checkpoint }, subject, options, context));
  }
  const together = meanProbabilities(scores);
  const seconds = (performance.now() - started) / 1000;
  const evaluation: EnsembleEvaluation = {
    members: checkpoints.map((checkpoint, index) => describeMember(checkpoint, scores[index]!)),
    dataset: subject.dataset,
    split: options.split,
    backend: backend.name,
    device: backend.device,
    ...(await measureExamples(together, subject.checkpoint.description.classNames, options, context)),
    seconds,
    imagesPerSecond: subject.indices.length / seconds,
    report: options.report ?? null,
  };
  if (evaluation.report !== null) {
    await writeFileAtomically(evaluation.report, `${JSON.stringify(evaluation, undefined, 2)}\n`);
  }
  return evaluation;
}

function requireMembers(
  names: readonly string[],
  { compare, robustness, mistakes = 0, report = '' }: EvaluateOptions,
): void {
  if (names.length < 2) {
    throw new ToolkitError('USAGE', {
      message: 'an ensemble has two members or more',
      hint: 'name them all: "mnist evaluate A B C --ensemble"',
    });
  }
  if (compare !== undefined || robustness || mistakes > 0) {
    throw new ToolkitError('USAGE', {
      message: '--compare, --robustness and --mistakes are of one checkpoint, and not of an ensemble',
      hint: 'evaluate a member with them',
    });
  }
  if (isPage(report)) {
    throw new ToolkitError('USAGE', {
      message: `--report ${report}: a report in HTML is of one checkpoint, and not of an ensemble`,
      hint: 'name a .json file, or report on a member',
    });
  }
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

function describeMember({ path, description }: Checkpoint, scored: ScoredExamples): EnsembleMember {
  const { labels } = scored;
  const right = predictionsOf(scored).filter((label, row) => label === labels[row]).length;
  return {
    checkpoint: path,
    run: description.run,
    model: description.model.name,
    accuracy: right / Math.max(1, labels.length),
    loss: mean(logLosses(scored)),
  };
}
