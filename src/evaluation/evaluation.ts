import type { DecisionOutcome } from '../artifacts/decision.js';
import type { Metrics, OwnMetric } from '../core/events.js';
import { count } from '../core/format.js';
import type { PairedComparison } from './mcnemar.js';
import type { ClassificationMetrics } from './metrics.js';
import type { Intervals } from './bootstrap.js';

export const splitNames = ['test', 'validation', 'training'] as const;

/** The name of a split. */
export type SplitName = (typeof splitNames)[number];

/** A checkpoint of an ensemble, with its own metrics. */
export interface EnsembleMember extends Metrics {
  checkpoint: string;
  run: string;
  model: string;
}

/** An image for which two checkpoints predict different classes. */
export interface Difference {
  /** Its position in the file of its split. */
  index: number;
  label: string;
  /** The predictions of the checkpoint and of the other one. */
  predicted: string;
  other: string;
}

/** The comparison of a checkpoint with another one on the same images. */
export interface CheckpointComparison extends PairedComparison {
  /** The other checkpoint. */
  checkpoint: string;
  run: string;
  accuracy: number;
  differing: Difference[];
}

/** The accuracy of a checkpoint under one corruption. */
export interface CorruptedAccuracy {
  corruption: string;
  strength: number;
  /** The unit of the strength. */
  unit: string;
  accuracy: number;
}

/** A misclassified image of a split. */
export interface ShownMistake {
  /** Its position in the file of its split. */
  index: number;
  label: string;
  predicted: string;
  /** The probability of the predicted class, and of the actual one. */
  probability: number;
  labelProbability: number;
}

/** The calibration of the probabilities with the temperature that `calibrate` stored. */
export interface ScaledCalibration {
  temperature: number;
  loss: number;
  expectedCalibrationError: number;
}

/** What was evaluated, and on which images. */
export interface EvaluatedSubject {
  /** For an ensemble, the checkpoints of all members, joined by " + "; likewise its runs and models. */
  checkpoint: string;
  run: string;
  model: string;
  /** Null for a single checkpoint. */
  members: EnsembleMember[] | null;
  /** The number of views per image: more than 1 with test-time augmentation. */
  views: number;
  dataset: string;
  split: SplitName;
}

/** Where the images were classified, and how fast. */
export interface EvaluationTiming {
  backend: string;
  device: string;
  seconds: number;
  /** Images per second, by all members together. */
  imagesPerSecond: number;
}

/** The most confident mistakes, up to the requested number, and a picture of them. */
export interface ListedMistakes {
  mistakes: ShownMistake[];
  mistakeSheet: string | null;
}

/** Optional measurements; null if not requested. */
export interface EvaluationExtras {
  /** Confidence intervals of the metrics. */
  intervals: Intervals | null;
  /** Also null for checkpoints without calibration, and for ensembles. */
  scaled: ScaledCalibration | null;
  /** The decisions that `calibrate` stored, where they may differ from the predictions; also null for ensembles. */
  decisions: DecisionOutcome | null;
  comparison: CheckpointComparison | null;
  robustness: CorruptedAccuracy[] | null;
  /** The metric of `--metric`. */
  metric: OwnMetric | null;
}

/** The evaluation of a checkpoint or an ensemble on a split of a data set. */
export interface Evaluation {
  subject: EvaluatedSubject;
  metrics: ClassificationMetrics;
  extras: EvaluationExtras;
  mistakes: ListedMistakes;
  timing: EvaluationTiming;
  /** The path of the report; null if none was written. */
  report: string | null;
}

/** The flat form of an evaluation: the result of `evaluate`, the JSON report and `--json`. */
export type EvaluationResult = EvaluatedSubject &
  ClassificationMetrics &
  EvaluationExtras &
  ListedMistakes &
  EvaluationTiming &
  Pick<Evaluation, 'report'>;

/** The evaluation of an ensemble; its members are not null. */
export type EnsembleEvaluation = EvaluationResult & { members: EnsembleMember[] };

/** Flattens the groups of an evaluation; the keys are part of the command-line contract. */
export function flattenEvaluation(evaluation: Evaluation): EvaluationResult {
  const { subject, metrics, extras, mistakes, timing, report } = evaluation;
  const { backend, device, ...speed } = timing;
  const { intervals, ...further } = extras;
  // The order of the keys in the JSON report.
  return { ...subject, backend, device, ...metrics, intervals, ...speed, ...further, ...mistakes, report };
}

/** Describes the images of an evaluation: "the test images of mnist (10,000), with test-time augmentation over 11 views". */
export function describeImages({ subject: { dataset, split, views }, metrics: { n } }: Evaluation): string {
  const augmented = views === 1 ? '' : `, with test-time augmentation over ${views} views`;
  return `the ${split} images of ${dataset} (${count(n)})${augmented}`;
}

/** Says which classes the macro means exclude. */
export function absentText(names: readonly string[]): string {
  return `macro means exclude classes without images that are never predicted: ${names.join(', ')}`;
}
