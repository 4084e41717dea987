import type { Metrics } from '../core/events.js';
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

/** An image that two checkpoints take for different things. */
export interface Difference {
  /** Its position in the file of its split. */
  index: number;
  label: string;
  /** What the checkpoint takes it for, and what the other one does. */
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

/** How a checkpoint does on images that were made worse in one way. */
export interface CorruptedAccuracy {
  corruption: string;
  strength: number;
  /** What the strength is measured in. */
  unit: string;
  accuracy: number;
}

/** An image of a split that was taken for something else. */
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

/** How a checkpoint, or several together, do on a split of a data set. */
export interface Evaluation extends ClassificationMetrics {
  /** Of an ensemble, those of all members, joined by " + "; the same for its runs and models. */
  checkpoint: string;
  run: string;
  model: string;
  /** Null where it is a single checkpoint. */
  members: EnsembleMember[] | null;
  /** In how many views each image was classified. */
  views: number;
  /** Null where none were asked for. */
  intervals: Intervals | null;
  dataset: string;
  split: SplitName;
  backend: string;
  device: string;
  seconds: number;
  /** Images that were classified in a second, by all members. */
  imagesPerSecond: number;
  /** Null where the checkpoint was not calibrated, and for ensembles. */
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

/** How several checkpoints do together. */
export interface EnsembleEvaluation extends Evaluation {
  members: EnsembleMember[];
}
