import { ToolkitError } from '../core/errors.js';
import type { BatchEvent, Metrics } from '../core/events.js';
import type { SliceResult } from '../engine/running/program.js';
import type { Optimizer } from './optimizers/optimizer.js';
import type { Schedule } from './schedules/schedule.js';
import type { EpochSource } from './epoch-source.js';
import {
  emptyEpoch,
  isStagnant,
  type EpochRecord,
  type PartialEpoch,
  type TrainingProgress,
  type ValidationMetrics,
} from './progress.js';
import { stepCoefficients } from './step.js';

/** The hyperparameters of the training loop. */
export interface TrainingPlan {
  epochs: number;
  /** Stops after this many epochs; the schedule still covers all of `epochs`. */
  stopAfter?: number | undefined;
  /** Scales the optimizer's learning rate. */
  schedule: Schedule;
  /** The decay of the weights' moving averages; undefined: no averaging. */
  averageWeights?: number | undefined;
  /** The patience of early stopping: epochs without improvement; undefined: off. */
  earlyStopping: number | undefined;
}

/** The components of the training loop, and its callbacks. */
export interface TrainingParts {
  source: EpochSource;
  optimizer: Optimizer;
  /** Loss and accuracy on the validation split, or null without one. */
  validate: () => Promise<ValidationMetrics | null>;
  /** Called after each epoch; the loop awaits it, and ends with `stop`. */
  onEpoch: (progress: TrainingProgress, record: EpochRecord) => Promise<unknown>;
  /** Called within an epoch to save the progress: every 30 seconds and on interruption. */
  onPause: (progress: TrainingProgress) => Promise<void>;
  onBatches: (event: BatchEvent) => void;
  signal: AbortSignal;
}

/** The interval of checkpoints within an epoch, in milliseconds. */
const PAUSE_MS = 30_000;

/**
 * Trains until all epochs are done, or early stopping or `onEpoch` ends the run, and returns the progress. Throws TRAINING_DIVERGED, the errors of
 * the source and the callbacks, or, when aborted, the signal's reason after `onPause`.
 *
 * @param start the progress to resume from
 */
export async function trainEpochs(
  plan: TrainingPlan,
  start: TrainingProgress,
  parts: TrainingParts,
): Promise<TrainingProgress> {
  let progress = start;
  const end = Math.min(plan.epochs, plan.stopAfter ?? Infinity);
  while (progress.history.length < end && !isStagnant(progress.history, plan.earlyStopping)) {
    progress = await finishEpoch(plan, progress, parts);
    const record = progress.history.at(-1)!;
    if ((await parts.onEpoch(progress, record)) === 'stop') break;
  }
  return progress;
}

async function finishEpoch(
  plan: TrainingPlan,
  { history, partial: start }: TrainingProgress,
  parts: TrainingParts,
): Promise<TrainingProgress> {
  const { source, signal } = parts;
  const { batches } = source;
  const epoch = history.length + 1;
  const stepsBefore = history.length * batches;
  const length = { steps: plan.epochs * batches, stepsPerEpoch: batches };
  const rateAt = (step: number): number =>
    parts.optimizer.learningRate * plan.schedule.factorAt(step, length);

  let partial = start;
  let resumedAt = performance.now();
  while (partial.batches < batches) {
    const from = partial;
    const done = await source.run(epoch, {
      firstBatch: from.batches,
      coefficients: (batch) =>
        stepCoefficients(parts.optimizer, stepsBefore + batch + 1, rateAt(stepsBefore + batch), {
          averageWeights: plan.averageWeights,
          momentum: plan.schedule.momentumAt?.(stepsBefore + batch, length),
        }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PAUSE_MS)]),
      onSlice: (result) => {
        const seconds = from.seconds + (performance.now() - resumedAt) / 1000;
        requireFinite(result, epoch);
        partial = addSlice(partial, result, (batch) => source.batchImages(epoch, batch), seconds);
        parts.onBatches(batchEvent(plan, epoch, partial, from, source.images));
      },
    });
    if (done < batches) {
      await parts.onPause({ history, partial });
      signal.throwIfAborted();
      resumedAt = performance.now();
    }
  }

  const imagesPerSecond = partial.images / partial.seconds;
  const validatedAt = performance.now();
  const validation = await validateOrPause(parts, { history, partial });
  const record: EpochRecord = {
    epoch,
    ...meansOf(partial),
    validation,
    learningRate: rateAt(stepsBefore + batches - 1),
    seconds: partial.seconds + (performance.now() - validatedAt) / 1000,
    imagesPerSecond,
  };
  return { history: [...history, record], partial: emptyEpoch };
}

function requireFinite({ first, losses }: SliceResult, epoch: number): void {
  const index = losses.findIndex((loss) => !Number.isFinite(loss));
  if (index < 0) return;
  throw new ToolkitError('TRAINING_DIVERGED', { epoch, batch: first + index + 1, loss: losses[index]! });
}

/** Saves the epoch's training if validation is interrupted. */
async function validateOrPause(
  parts: TrainingParts,
  progress: TrainingProgress,
): Promise<ValidationMetrics | null> {
  try {
    return await parts.validate();
  } catch (error) {
    if (parts.signal.aborted) await parts.onPause(progress);
    throw error;
  }
}

/** Adds batch by batch, in order and in double precision, so that the sums do not depend on the slices. */
function addSlice(
  partial: PartialEpoch,
  { first, losses, correct }: SliceResult,
  batchImages: (batch: number) => number,
  seconds: number,
): PartialEpoch {
  const sums = { ...partial, seconds };
  losses.forEach((loss, index) => {
    const images = batchImages(first + index);
    sums.batches += 1;
    sums.images += images;
    sums.loss += loss * images;
    sums.correct += correct[index]!;
  });
  return sums;
}

function meansOf({ loss, correct, images }: PartialEpoch): Metrics {
  return { loss: loss / images, accuracy: correct / images };
}

function batchEvent(
  { epochs }: TrainingPlan,
  epoch: number,
  partial: PartialEpoch,
  from: PartialEpoch,
  totalImages: number,
): BatchEvent {
  const { images } = partial;
  const imagesPerSecond = (images - from.images) / (partial.seconds - from.seconds);
  return { event: 'batch', epoch, epochs, images, totalImages, imagesPerSecond, ...meansOf(partial) };
}
