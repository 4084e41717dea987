import type { Metrics, ValidatedMetrics } from '../core/events.js';

/** The metrics on the validation split. */
export interface ValidationMetrics extends ValidatedMetrics {
  /** The share of correct predictions, each weighted by its actual class; only where classes do not count the same in training. */
  weightedAccuracy?: number | undefined;
  /** What the best epoch is chosen by, the highest being the best; only where it is not the accuracy. */
  score?: number | undefined;
}

/** The metrics of a completed epoch. */
export interface EpochRecord extends Metrics {
  /** Counts from 1. */
  epoch: number;
  validation: ValidationMetrics | null;
  /** The learning rate of its last step. */
  learningRate: number;
  seconds: number;
  imagesPerSecond: number;
}

/** The progress of a run; together with the variables, it is enough to resume the run exactly. */
export interface TrainingProgress {
  /** Completed epochs, in order. */
  history: readonly EpochRecord[];
  /** The completed batches of the current epoch, and their sums. */
  partial: PartialEpoch;
}

/** Sums over the completed batches of an epoch. */
export interface PartialEpoch {
  batches: number;
  /** The sum of the losses of all images. */
  loss: number;
  correct: number;
  images: number;
  seconds: number;
}

/** An epoch without completed batches. */
export const emptyEpoch: PartialEpoch = { batches: 0, loss: 0, correct: 0, images: 0, seconds: 0 };

/** The progress of a new run. */
export const noProgress: TrainingProgress = { history: [], partial: emptyEpoch };

/** The steps that a run has made. */
export function stepsIn({ history, partial }: TrainingProgress, batchesPerEpoch: number): number {
  return history.length * batchesPerEpoch + partial.batches;
}

/**
 * The best epoch so far: by what `--best-by` names or else validation accuracy (weighted, where classes do not count the same), then
 * validation loss, then the earlier one. Without a validation split it is the last epoch. Undefined before the first epoch ends.
 */
export function bestEpoch(history: readonly EpochRecord[]): EpochRecord | undefined {
  return history.reduce<EpochRecord | undefined>(
    (best, record) => (best === undefined || isBetter(record, best) ? record : best),
    undefined,
  );
}

function isBetter({ validation: candidate }: EpochRecord, { validation: best }: EpochRecord): boolean {
  if (!candidate || !best) return true;
  const [accuracy, highest] = [candidate, best].map(
    (metrics) => metrics.score ?? metrics.weightedAccuracy ?? metrics.accuracy,
  );
  if (accuracy !== highest) return accuracy! > highest!;
  return candidate.loss < best.loss;
}

/** Whether early stopping applies: the last `patience` epochs brought no improvement. */
export function isStagnant(history: readonly EpochRecord[], patience: number | undefined): boolean {
  const best = bestEpoch(history);
  return patience !== undefined && best !== undefined && history.length - best.epoch >= patience;
}
