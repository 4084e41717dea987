import type { Metrics } from '../core/events.js';

/** An epoch that has ended. */
export interface EpochRecord extends Metrics {
  /** Counts from 1. */
  epoch: number;
  validation: Metrics | null;
  /** At its last step. */
  learningRate: number;
  seconds: number;
  imagesPerSecond: number;
}

/** How far a run has come; with the variables, all that is needed to go on as if it had never stopped. */
export interface TrainingProgress {
  /** Completed epochs, in order. */
  history: readonly EpochRecord[];
  /** Batches done of the epoch under way, and what they summed up to. */
  partial: PartialEpoch;
}

export interface PartialEpoch {
  batches: number;
  /** Sum over the images of their losses. */
  loss: number;
  correct: number;
  images: number;
  seconds: number;
}

export const emptyEpoch: PartialEpoch = { batches: 0, loss: 0, correct: 0, images: 0, seconds: 0 };

/** A run that has not begun. */
export const noProgress: TrainingProgress = { history: [], partial: emptyEpoch };

/**
 * The best epoch so far: the highest validation accuracy, among equals the lowest validation loss, among those the earlier
 * one. Without a validation split the latest epoch is the best that is known.
 */
export function bestEpoch(history: readonly EpochRecord[]): EpochRecord | undefined {
  return history.reduce<EpochRecord | undefined>(
    (best, record) => (best === undefined || isBetter(record, best) ? record : best),
    undefined,
  );
}

function isBetter({ validation: candidate }: EpochRecord, { validation: best }: EpochRecord): boolean {
  if (!candidate || !best) return true;
  if (candidate.accuracy !== best.accuracy) return candidate.accuracy > best.accuracy;
  return candidate.loss < best.loss;
}

/** Whether the last `patience` epochs have all failed to be better than one before them. */
export function isStagnant(history: readonly EpochRecord[], patience: number | undefined): boolean {
  const best = bestEpoch(history);
  return patience !== undefined && best !== undefined && history.length - best.epoch >= patience;
}
