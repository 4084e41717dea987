import type { BatchEvent } from '../core/events.js';
import type { DeviceImages } from '../engine/running/device-images.js';
import { trainingProgram, type ExecutionMode } from '../engine/running/prepare.js';
import type { Model } from '../models/model.js';
import { adam } from './optimizers/adam.js';
import { linear } from './schedules/linear.js';
import { epochsInMemory } from './epoch-source.js';
import { trainEpochs } from './loop.js';
import { noProgress } from './progress.js';
import { trainingStep } from './step.js';
import { TrainingVariables } from '../models/variables.js';

/** The callbacks of `fit`, and how its program runs. */
export interface FitContext {
  signal: AbortSignal;
  onBatches: (event: BatchEvent) => void;
  /** Undefined: compiled on TensorFlow, eager on other backends. */
  mode: ExecutionMode | undefined;
}

/** The hyperparameters of `fit`. */
export interface FitPlan {
  epochs: number;
  batchSize: number;
  learningRate: number;
  weightDecay: number;
  seed: number;
}

/**
 * Trains a model with Adam and a linear schedule, without files and validation: for auxiliary models, such as those of a
 * cross-validation. The caller disposes of the returned variables. Throws TRAINING_DIVERGED, the errors of `TrainingProgram.run`, or
 * the signal's reason.
 *
 * @param training indices of the images to train on
 */
export async function fit(
  model: Model,
  images: DeviceImages,
  training: Int32Array,
  { learningRate, weightDecay, ...plan }: FitPlan,
  { signal, onBatches, mode }: FitContext,
): Promise<TrainingVariables> {
  const optimizer = adam.build(adam.options.parse({ learningRate, weightDecay }));
  const variables = new TrainingVariables(model, optimizer.slots, plan.seed);
  const program = trainingProgram(trainingStep(model, optimizer, variables), images, mode);
  try {
    const nothing = (): Promise<void> => Promise.resolve();
    const schedule = linear.build(linear.options.parse({}));
    const { epochs } = plan;
    await trainEpochs({ epochs, schedule, earlyStopping: undefined }, noProgress, {
      ...{
        source: epochsInMemory(program, training, plan, images.source.labels),
        optimizer,
        signal,
        onBatches,
      },
      validate: () => Promise.resolve(null),
      onEpoch: nothing,
      onPause: nothing,
    });
    return variables;
  } catch (error) {
    variables.dispose();
    throw error;
  } finally {
    program.dispose();
  }
}
