import { extname } from 'node:path';

import { silentContext, type StageContext } from '../../core/events.js';
import { writeFileAtomically } from '../../core/files.js';
import { VIEW_COUNT } from '../../models/augmentation/views.js';
import { bootstrapIntervals, type Intervals } from '../../evaluation/bootstrap.js';
import { calibrationMetrics, classificationMetrics } from '../../evaluation/metrics.js';
import { meanProbabilities } from '../../evaluation/ensemble.js';
import { scaleByTemperature, type ScoredExamples } from '../../evaluation/probabilities.js';
import { logLosses, mean } from '../../evaluation/scores.js';
import { startChosenBackend } from '../../engine/backends/options.js';
import { compareCheckpoints } from './compare-checkpoints.js';
import type { EvaluateOptions } from './evaluate-options.js';
import { describeMember, namesOfMembers, openEnsemble } from './ensemble-members.js';
import { openSubject, scoreByMembers, type EvaluationSubject } from './evaluation-subject.js';
import { loadDecisionRule } from '../../evaluation/decisions/load-decision.js';
import { runFolderOf } from '../../artifacts/run-folder.js';
import { measureRobustness } from './robustness.js';
import { listMistakes } from './list-mistakes.js';
import type { Evaluation, EnsembleEvaluation, ScaledCalibration } from '../../evaluation/evaluation.js';

/**
 * Stage 4: classifies the images of a split with a checkpoint, and measures how well.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED, and what the earlier stages and `startBackend` throw.
 */
export async function evaluate(
  name: string,
  options: EvaluateOptions,
  context: StageContext = silentContext(),
): Promise<Evaluation> {
  return evaluateSubject(await openSubject(name, options, context), options, context);
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
  const evaluation = await evaluateSubject(await openEnsemble(names, options, context), options, context);
  return { ...evaluation, members: evaluation.members ?? [] };
}

async function evaluateSubject(
  subject: EvaluationSubject,
  options: EvaluateOptions,
  context: StageContext,
): Promise<Evaluation> {
  const { checkpoint, members, dataset, indices } = subject;
  const backend = await startChosenBackend(options, context);
  const started = performance.now();
  const scores = await scoreByMembers(subject, subject, options, context);
  const scored = meanProbabilities(scores);
  const seconds = (performance.now() - started) / 1000;
  const evaluation: Evaluation = {
    ...namesOfMembers(members),
    members:
      members.length === 1 ? null : members.map((member, index) => describeMember(member, scores[index]!)),
    views: options.testTimeAugmentation ? VIEW_COUNT : 1,
    dataset,
    split: options.split,
    backend: backend.name,
    device: backend.device,
    ...classificationMetrics(scored, checkpoint.description.classNames),
    intervals: await intervalsOf(scored, options, context),
    seconds,
    imagesPerSecond: indices.length / seconds,
    scaled: await scaledCalibration(subject, scored, context),
    comparison:
      options.compare === undefined ? null : await compareCheckpoints(subject, scored, options, context),
    robustness: options.robustness ? await measureRobustness(subject, options, context) : null,
    ...(await showMistakes(subject, scored, options)),
    report: await reportPath(options, subject),
  };
  if (evaluation.report !== null && isPage(evaluation.report)) {
    // Charts and pictures are loaded only where they are used.
    const { writeReport } = await import('./evaluation-report.js');
    await writeReport(evaluation.report, subject, scored, evaluation, context);
  } else if (evaluation.report !== null) {
    await writeFileAtomically(evaluation.report, `${JSON.stringify(evaluation, undefined, 2)}\n`);
  }
  return evaluation;
}

/** Whether a report is a page for people. */
function isPage(path: string): boolean {
  return /\.html?$/i.test(path);
}

/** How many mistakes a page shows of its own accord. */
const MISTAKES_ON_PAGE = 24;

async function intervalsOf(
  scored: ScoredExamples,
  { resamples, seed }: EvaluateOptions,
  { signal }: StageContext,
): Promise<Intervals | null> {
  if (resamples === 0) return null;
  return (await bootstrapIntervals(scored, { resamples, seed, signal, confidence: 0.95 })) ?? null;
}

async function scaledCalibration(
  { checkpoint: { path, description }, members }: EvaluationSubject,
  scored: ScoredExamples,
  context: StageContext,
): Promise<ScaledCalibration | null> {
  // It was fitted to what a checkpoint says alone.
  if (members.length > 1) return null;
  const { temperature } = await loadDecisionRule(path, description, context);
  if (temperature === 1) return null;
  const scaled = scaleByTemperature(scored, temperature);
  const { expectedCalibrationError } = calibrationMetrics(scaled);
  return { temperature, loss: mean(logLosses(scaled)), expectedCalibrationError };
}

async function showMistakes(
  subject: EvaluationSubject,
  scored: ScoredExamples,
  options: EvaluateOptions,
): Promise<Pick<Evaluation, 'mistakes' | 'mistakeSheet'>> {
  const isShown = options.report !== undefined && isPage(options.report);
  const mistakes = listMistakes(subject, scored, options.mistakes ?? (isShown ? MISTAKES_ON_PAGE : 0));
  if (mistakes.length === 0 || options.mistakes === undefined) return { mistakes, mistakeSheet: null };
  const report = await reportPath(options, subject);
  const mistakeSheet =
    report === null
      ? `${subject.dataset}-${options.split}-mistakes.png`
      : `${report.slice(0, report.length - extname(report).length)}-mistakes.png`;
  // The codec of images is loaded only where it is used.
  const { writeMistakeSheet } = await import('./mistake-sheet.js');
  await writeMistakeSheet(mistakeSheet, subject, mistakes);
  return { mistakes, mistakeSheet };
}

async function reportPath(
  { report, split }: EvaluateOptions,
  { checkpoint, members, dataset }: EvaluationSubject,
): Promise<string | null> {
  if (report === undefined && members.length > 1) return null;
  return report ?? (await runFolderOf(checkpoint))?.report(dataset, split) ?? null;
}
