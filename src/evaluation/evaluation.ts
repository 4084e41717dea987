import type { Metrics } from '../core/events.js';
import { count } from '../core/format.js';
import type { PairedComparison } from './mcnemar.js';
import type { ClassificationMetrics } from './metrics.js';
import type { Intervals } from './bootstrap.js';

export const splitNames = ['test', 'validation', 'training'] as const;

/** The name of a split. */
export type SplitName = (typeof splitNames)[number];

/** A checkpoint of an ensemble, and how it does alone. */
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
  /** What the checkpoint predicts, and what the other one does. */
  predicted: string;
  other: string;
}

/** How a checkpoint does beside another one on the same images. */
export interface CheckpointComparison extends PairedComparison {
  /** The other one. */
  checkpoint: string;
  run: string;
  accuracy: number;
  differing: Difference[];
}

/** The accuracy of a checkpoint under one corruption. */
export interface CorruptedAccuracy {
  corruption: string;
  strength: number;
  /** What the strength is measured in. */
  unit: string;
  accuracy: number;
}

/** An image of a split that was misclassified. */
export interface ShownMistake {
  /** Its position in the file of its split. */
  index: number;
  label: string;
  predicted: string;
  /** How likely the predicted class was said to be, and the true one. */
  probability: number;
  labelProbability: number;
}

/** What the temperature that `calibrate` stored makes of the probabilities. */
export interface ScaledCalibration {
  temperature: number;
  loss: number;
  expectedCalibrationError: number;
}

/** What was evaluated, and on which images. */
export interface EvaluatedSubject {
  /** Of an ensemble, those of all members, joined by " + "; the same for its runs and models. */
  checkpoint: string;
  run: string;
  model: string;
  /** Null where it is a single checkpoint. */
  members: EnsembleMember[] | null;
  /** In how many views each image was classified: more than 1 with test-time augmentation. */
  views: number;
  dataset: string;
  split: SplitName;
}

/** Where the images were classified, and how fast. */
export interface EvaluationTiming {
  backend: string;
  device: string;
  seconds: number;
  /** Images that were classified in a second, by all members. */
  imagesPerSecond: number;
}

/** The most confident mistakes, as many as were asked for, and a picture of them, if there are any. */
export interface ListedMistakes {
  mistakes: ShownMistake[];
  mistakeSheet: string | null;
}

/** Measurements beyond the metrics; null where they were not asked for. */
export interface EvaluationExtras {
  /** Confidence intervals of the metrics. */
  intervals: Intervals | null;
  /** Null also where the checkpoint was not calibrated, and for ensembles. */
  scaled: ScaledCalibration | null;
  comparison: CheckpointComparison | null;
  robustness: CorruptedAccuracy[] | null;
}

/** How a checkpoint, or several together, do on a split of a data set. */
export interface Evaluation {
  subject: EvaluatedSubject;
  metrics: ClassificationMetrics;
  extras: EvaluationExtras;
  mistakes: ListedMistakes;
  timing: EvaluationTiming;
  /** Where the report was written, if it was. */
  report: string | null;
}

/** An evaluation as `evaluate` returns it, and as the JSON report and `--json` hold it: all in one object. */
export type EvaluationResult = EvaluatedSubject &
  ClassificationMetrics &
  EvaluationExtras &
  ListedMistakes &
  EvaluationTiming &
  Pick<Evaluation, 'report'>;

/** The evaluation of an ensemble: its members are never null. */
export type EnsembleEvaluation = EvaluationResult & { members: EnsembleMember[] };

/** An evaluation as one object, without its groups: the keys are a contract with scripts. */
export function flattenEvaluation(evaluation: Evaluation): EvaluationResult {
  const { subject, metrics, extras, mistakes, timing, report } = evaluation;
  const { backend, device, ...speed } = timing;
  const { intervals, ...further } = extras;
  // In this order, which a reader of the JSON report knows.
  return { ...subject, backend, device, ...metrics, intervals, ...speed, ...further, ...mistakes, report };
}

/** The images of an evaluation, for people: "the test images of mnist (10,000), with test-time augmentation over 11 views". */
export function describeImages({ subject: { dataset, split, views }, metrics: { n } }: Evaluation): string {
  const augmented = views === 1 ? '' : `, with test-time augmentation over ${views} views`;
  return `the ${split} images of ${dataset} (${count(n)})${augmented}`;
}

/** The classes that means leave out, for people. */
export function absentText(names: readonly string[]): string {
  return `macro means leave out classes that have no images here and are never predicted: ${names.join(', ')}`;
}
