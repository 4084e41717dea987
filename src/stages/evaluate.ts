import { dirname } from 'node:path';

import type { Checkpoint } from '../artifacts/checkpoint.js';
import { RunFolder } from '../artifacts/run.js';
import { silentContext, type StageContext } from '../core/events.js';
import { exists, writeFileAtomically } from '../core/files.js';
import { bootstrapIntervals, type Intervals } from '../evaluation/bootstrap.js';
import {
  calibrationMetrics,
  classificationMetrics,
  type ClassificationMetrics,
} from '../evaluation/metrics.js';
import { scaleByTemperature, type ScoredExamples } from '../evaluation/probabilities.js';
import { logLosses, mean } from '../evaluation/scores.js';
import { startChosenBackend } from './backend-options.js';
import type { EvaluateOptions, SplitName } from './evaluate-options.js';
import { openSubject, scoreImages } from './evaluation-subject.js';
import { loadDecisionRule } from './load-decision.js';

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
    report: await reportPath(options, checkpoint, dataset),
  };
  if (evaluation.report !== null) {
    await writeFileAtomically(evaluation.report, `${JSON.stringify(evaluation, undefined, 2)}\n`);
  }
  return evaluation;
}

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

async function reportPath(
  { report, split }: EvaluateOptions,
  { path, description }: Checkpoint,
  dataset: string,
): Promise<string | null> {
  if (report !== undefined) return report;
  const folder = new RunFolder(dirname(path));
  const isRun = (await exists(folder.config)) && folder.name === description.run;
  return isRun ? folder.report(dataset, split) : null;
}
