import { extname } from 'node:path';

import { decisionPath } from '../../artifacts/decision.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { writeFileAtomically } from '../../core/files.js';
import { VIEW_COUNT } from '../../models/augmentation/views.js';
import { bootstrapIntervals, type Intervals } from '../../evaluation/bootstrap.js';
import { calibrationMetrics, classificationMetrics } from '../../evaluation/metrics.js';
import { measureOwn } from '../../evaluation/own/measure.js';
import { neverPredictedWarning } from '../../evaluation/prediction-counts.js';
import { meanProbabilities } from '../../evaluation/ensemble.js';
import { scaleByTemperature, type ScoredExamples } from '../../evaluation/probabilities.js';
import { logLosses, mean } from '../../evaluation/scores.js';
import { startForModels } from '../../models/onnx/start.js';
import { compareCheckpoints } from './compare-checkpoints.js';
import type { EvaluateOptions } from './evaluate-options.js';
import { describeMember, namesOfMembers, openEnsemble } from './ensemble-members.js';
import { openSubject, scoreByMembers, type EvaluationSubject } from './evaluation-subject.js';
import { findDecision } from '../../evaluation/decisions/load-decision.js';
import { decisionOutcome } from '../../evaluation/decisions/outcome.js';
import { canAbstain, ruleOf } from '../../evaluation/decisions/rule.js';
import { runFolderOf } from '../../artifacts/run-folder.js';
import { measureRobustness } from './robustness.js';
import { listMistakes } from './list-mistakes.js';
import {
  flattenEvaluation,
  type Evaluation,
  type ListedMistakes,
  type ScaledCalibration,
} from '../../evaluation/evaluation.js';

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
): Promise<Evaluation> {
  return evaluateSubject(await openEnsemble(names, options, context), options, context);
}

async function evaluateSubject(
  subject: EvaluationSubject,
  options: EvaluateOptions,
  context: StageContext,
): Promise<Evaluation> {
  const { members, dataset, indices } = subject;
  const backend = await startForModels(members, options, context, options);
  const started = performance.now();
  const scores = await scoreByMembers(subject, subject, options, context);
  const scored = meanProbabilities(scores);
  const seconds = (performance.now() - started) / 1000;
  const isEnsemble = members.length > 1;
  const evaluation: Evaluation = {
    subject: {
      ...namesOfMembers(members),
      members: isEnsemble ? members.map((member, index) => describeMember(member, scores[index]!)) : null,
      views: options.testTimeAugmentation ? VIEW_COUNT : 1,
      dataset,
      split: options.split,
    },
    metrics: classificationMetrics(scored, members[0].description.classNames),
    extras: await measureExtras(subject, scored, options, context),
    mistakes: await showMistakes(subject, scored, options),
    timing: {
      ...{ backend: backend.name, device: backend.device },
      ...{ seconds, imagesPerSecond: indices.length / seconds },
    },
    report: await reportPath(options, subject),
  };
  await writeReportOf(evaluation, subject, scored, options.imagesPerCell, context);
  const { neverPredicted } = evaluation.metrics;
  if (neverPredicted.length > 0) {
    context.emit(neverPredictedWarning(neverPredicted, `the ${options.split} images`));
  }
  return evaluation;
}

async function measureExtras(
  subject: EvaluationSubject,
  scored: ScoredExamples,
  options: EvaluateOptions,
  context: StageContext,
): Promise<Evaluation['extras']> {
  const { compare, robustness } = options;
  return {
    intervals: await intervalsOf(scored, options, context),
    ...(await calibratedExtras(subject, scored, context)),
    comparison: compare === undefined ? null : await compareCheckpoints(subject, scored, options, context),
    robustness: robustness ? await measureRobustness(subject, options, context) : null,
    metric: measureOwn(options.metric, { ...scored, classNames: subject.members[0].description.classNames }),
  };
}

/** Writes the report where there is to be one: a page for people, or JSON. */
async function writeReportOf(
  evaluation: Evaluation,
  subject: EvaluationSubject,
  scored: ScoredExamples,
  imagesPerCell: number,
  context: StageContext,
): Promise<void> {
  if (evaluation.report !== null && isPage(evaluation.report)) {
    // Charts and pictures are loaded only where they are used.
    const { writeReport } = await import('./evaluation-report.js');
    await writeReport(evaluation.report, subject, scored, evaluation, imagesPerCell, context);
  } else if (evaluation.report !== null) {
    const result = flattenEvaluation(evaluation);
    await writeFileAtomically(evaluation.report, `${JSON.stringify(result, undefined, 2)}\n`);
  }
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

/** What the temperature and the decisions that `calibrate` stored make of the probabilities. */
async function calibratedExtras(
  { members }: EvaluationSubject,
  scored: ScoredExamples,
  context: StageContext,
): Promise<Pick<Evaluation['extras'], 'scaled' | 'decisions'>> {
  // They are fitted to a single checkpoint.
  const stored = members.length > 1 ? undefined : await findDecision(members[0].path, context);
  if (!stored) return { scaled: null, decisions: null };
  const { path, description } = members[0];
  if (JSON.stringify(stored.classNames) !== JSON.stringify(description.classNames)) {
    throw new ToolkitError('DECISION_INVALID', {
      path: decisionPath(path),
      reason: 'it is for other classes',
    });
  }
  const { temperature, policy } = ruleOf(stored, description);
  const scaled = temperature === 1 ? scored : scaleByTemperature(scored, temperature);
  const { costs } = stored.given ?? stored;
  return {
    scaled: temperature === 1 ? null : scaledCalibration(scaled, temperature),
    // Decisions for the most probable class are the predictions.
    decisions:
      policy.costs !== null || canAbstain(policy)
        ? decisionOutcome(scaled, policy, { costs, abstentionCost: stored.abstentionCost })
        : null,
  };
}

function scaledCalibration(scaled: ScoredExamples, temperature: number): ScaledCalibration {
  const { expectedCalibrationError } = calibrationMetrics(scaled);
  return { temperature, loss: mean(logLosses(scaled)), expectedCalibrationError };
}

async function showMistakes(
  subject: EvaluationSubject,
  scored: ScoredExamples,
  options: EvaluateOptions,
): Promise<ListedMistakes> {
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
  { members, dataset }: EvaluationSubject,
): Promise<string | null> {
  if (report === undefined && members.length > 1) return null;
  return report ?? (await runFolderOf(members[0]))?.report(dataset, split) ?? null;
}
