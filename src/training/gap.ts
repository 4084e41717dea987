import type { EpochRecord } from './progress.js';

/** For so many epochs the validation loss must not have fallen, while the training loss did. */
const EPOCHS = 3;
/** The validation loss must lie above its lowest by such a share: plateaus are no gap that opens. */
const RISE = 0.1;

/**
 * The train–validation gap of an epoch: how much larger the loss on the validation split is than on the training images, or null
 * without a split. Training losses are means over the epoch, with its dropout and augmentation, so the gap can be negative.
 */
export function generalizationGap({
  loss,
  validation,
}: Pick<EpochRecord, 'loss' | 'validation'>): number | null {
  return validation && validation.loss - loss;
}

/**
 * Whether the gap opens with the last epoch of a history: the lowest validation loss lies three epochs back, the present one is more
 * than a tenth above it, and the training loss has fallen in each epoch since. That is so once in a run at most.
 */
export function gapOpens(history: readonly EpochRecord[]): boolean {
  if (!isOpen(history)) return false;
  return !history.some((_, length) => isOpen(history.slice(0, length)));
}

function isOpen(history: readonly EpochRecord[]): boolean {
  const losses = history.flatMap(({ validation }) => validation?.loss ?? []);
  const lowest = losses.indexOf(Math.min(...losses));
  const last = losses.length - 1;
  if (losses.length < history.length || last - lowest < EPOCHS) return false;
  const since = history.slice(lowest);
  const isFalling = since.every(({ loss }, index) => index === 0 || loss < since[index - 1]!.loss);
  return isFalling && losses[last]! > losses[lowest]! * (1 + RISE);
}
