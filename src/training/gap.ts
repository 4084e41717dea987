import type { EpochRecord } from './progress.js';

/** Epochs since the lowest validation loss, in each of which the training loss must have fallen. */
const EPOCHS = 3;
/** The minimum relative rise of the validation loss above its lowest: a plateau is not overfitting. */
const RISE = 0.1;

/**
 * The generalisation gap of an epoch: validation loss minus training loss, or null without a validation split. The training loss is the
 * mean over the epoch, with dropout and augmentation, so the gap can be negative.
 */
export function generalizationGap({
  loss,
  validation,
}: Pick<EpochRecord, 'loss' | 'validation'>): number | null {
  return validation && validation.loss - loss;
}

/**
 * Whether the model starts to overfit with the last epoch of a history: the lowest validation loss is at least three epochs old, the
 * current one is more than 10 % above it, and the training loss has fallen in each epoch since. True at most once per run.
 */
export function startsOverfitting(history: readonly EpochRecord[]): boolean {
  if (!isOverfitting(history)) return false;
  return !history.some((_, length) => isOverfitting(history.slice(0, length)));
}

function isOverfitting(history: readonly EpochRecord[]): boolean {
  const losses = history.flatMap(({ validation }) => validation?.loss ?? []);
  const lowest = losses.indexOf(Math.min(...losses));
  const last = losses.length - 1;
  if (losses.length < history.length || last - lowest < EPOCHS) return false;
  const since = history.slice(lowest);
  const isFalling = since.every(({ loss }, index) => index === 0 || loss < since[index - 1]!.loss);
  return isFalling && losses[last]! > losses[lowest]! * (1 + RISE);
}
