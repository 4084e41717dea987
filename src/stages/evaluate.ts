import { extname } from 'node:path';

import type { Checkpoint } from '../artifacts/checkpoint.js';
import { silentContext, type StageContext } from '../core/events.js';
import { writeFileAtomically } from '../core/files.js';
import { bootstrapIntervals, type Intervals } from '../evaluation/bootstrap.js';
import {
  calibrationMetrics,
  classificationMetrics,
  type ClassificationMetrics,
} from '../evaluation/metrics.js';
import { scaleByTemperature, type ScoredExamples } from '../evaluation/probabilities.js';
import { logLosses, mean } from '../evaluation/scores.js';
import { startChosenBackend } from './backend-options.js';
import { compareCheckpoints, type CheckpointComparison } from './compare-checkpoints.js';
import type { EvaluateOptions, SplitName } from './evaluate-options.js';
import { openSubject, scoreImages, type EvaluationSubject } from './evaluation-subject.js';
import { loadDecisionRule } from './load-decision.js';
import { runFolderOf } from './run-folder.js';
import { measureRobustness, type CorruptedAccuracy } from './robustness.js';
import { listMistakes, type ShownMistake } from './list-mistakes.js';

/** What the temperature that `calibrate` stored makes of the probabilities. */
export interface ScaledCalibration {
  temperature: number;
  loss: number;
  expectedCalibrationError: number;
}

/** How well some examples were scored. */
export interface Measured extends ClassificationMetrics {
  /** Null where none were asked for. */
  intervals: Intervals | null;
}

/** How a checkpoint does on a split of a data set. */
export interface Evaluation extends Measured {
  checkpoint: string;
  run: string;
  model: string;
  dataset: string;
  split: SplitName;
  backend: string;
  device: string;
  seconds: number;
  imagesPerSecond: number;
  /** Null where the checkpoint was not calibrated. */
  scaled: ScaledCalibration | null;
  /** Null where no other checkpoint was named. */
  comparison: CheckpointComparison | null;
  /** Null where it was not asked for. */
  robustness: CorruptedAccuracy[] | null;
  /** The most confident ones, as many as were asked for. */
  mistakes: ShownMistake[];
  /** A picture of them, if there are any. */
  mistakeSheet: string | null;
  /** Where the report was written, if it was. */
  report: string | null;
}

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
  const subject = await openSubject(name, options, context);
  const { checkpoint, dataset, indices } = subject;
  const { description, path } = checkpoint;
  const backend = await startChosenBackend(options, context);
  const started = performance.now();
  const scored = await scoreImages(subject, subject, options, context);
  const seconds = (performance.now() - started) / 1000;
  const evaluation: Evaluation = {
    checkpoint: path,
    run: description.run,
    model: description.model.name,
    dataset,
    split: options.split,
    backend: backend.name,
    device: backend.device,
    ...(await measureExamples(scored, description.classNames, options, context)),
    seconds,
    imagesPerSecond: indices.length / seconds,
    scaled: scaledCalibration(scored, (await loadDecisionRule(path, description, context)).temperature),
    comparison:
      options.compare === undefined ? null : await compareCheckpoints(subject, scored, options, context),
    robustness: options.robustness ? await measureRobustness(subject, options, context) : null,
    ...(await showMistakes(subject, scored, options)),
    report: await reportPath(options, checkpoint, dataset),
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
export function isPage(path: string): boolean {
  return /\.html?$/i.test(path);
}

/** How many mistakes a page shows of its own accord. */
const MISTAKES_ON_PAGE = 24;

/** Every metric of some examples, with intervals. Throws the signal's reason when aborted. */
export async function measureExamples(
  scored: ScoredExamples,
  classNames: readonly string[],
  { resamples, seed }: Pick<EvaluateOptions, 'resamples' | 'seed'>,
  { signal }: StageContext,
): Promise<Measured> {
  const bootstrap = { resamples, seed, signal, confidence: 0.95 };
  return {
    ...classificationMetrics(scored, classNames),
    intervals: resamples === 0 ? null : ((await bootstrapIntervals(scored, bootstrap)) ?? null),
  };
}

function scaledCalibration(scored: ScoredExamples, temperature: number): ScaledCalibration | null {
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
  const report = await reportPath(options, subject.checkpoint, subject.dataset);
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
  checkpoint: Checkpoint,
  dataset: string,
): Promise<string | null> {
  return report ?? (await runFolderOf(checkpoint))?.report(dataset, split) ?? null;
}
