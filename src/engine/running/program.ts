import type { Scalar, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import type { Batch } from './device-images.js';
import type { LabelledImages } from '../../core/images.js';
import type { CorePlan } from '../sharding/work.js';

/** The metrics of a training step on its batch. */
export interface StepResult {
  /** The mean loss over the batch. */
  loss: Scalar;
  /** The number of images that were classified correctly before the update. */
  correct: Scalar;
}

/**
 * A training step: updates the variables on a batch. It consists of tfjs operations only, so that it can be traced and compiled: it
 * must not read the values of a tensor or draw random numbers in JavaScript.
 *
 * @param coefficients the numbers that change from step to step (the optimiser's coefficients, the step number), by name
 */
export type TrainingStep = (batch: Batch, coefficients: Coefficients<Scalar>) => StepResult;

/** Values by name: numbers outside a step, scalars inside. All steps of a run have the same names in the same order. */
export type Coefficients<Value> = Readonly<Record<string, Value>>;

/** The metrics of a slice of batches; entry k belongs to batch `first + k`. */
export interface SliceResult {
  first: number;
  losses: Float32Array;
  correct: Float32Array;
}

/** The batches that a training program runs, and its callbacks. */
export interface RunOptions {
  /** Indices into the data set, in training order; the last batch may be smaller. */
  order: Int32Array;
  batchSize: number;
  /** How many images each batch has, where they differ; undefined: `batchSize`, and the last as many as there are. */
  batchSizes?: readonly number[] | undefined;
  /** The first batch to run, when an epoch is resumed. */
  firstBatch: number;
  /** The coefficients of a batch, by its index in the order. */
  coefficients: (batch: number) => Coefficients<number>;
  /** Aborting it ends the run after the current slice. */
  signal: AbortSignal;
  onSlice: (result: SliceResult) => void;
}

/** The number of images of each batch of an order. */
export function batchSizesOf({
  order,
  batchSize,
  batchSizes,
}: Pick<RunOptions, 'order' | 'batchSize' | 'batchSizes'>): readonly number[] {
  if (batchSizes) return batchSizes;
  return Array.from({ length: Math.ceil(order.length / batchSize) }, (_, batch) =>
    Math.min(batchSize, order.length - batch * batchSize),
  );
}

/**
 * A training step that runs over many batches, in slices short enough for prompt progress, interruption and checkpoints. The event
 * loop runs between slices.
 */
export interface TrainingProgram {
  /** How the program runs; undefined until the first run of a compiled program. */
  readonly execution: Execution | undefined;
  /**
   * Runs the batches of an order and returns how many have run, counted from the start of the order: all, unless aborted. Throws
   * OUT_OF_MEMORY, TENSORFLOW_FAILED or STEP_NOT_TRACEABLE.
   */
  run(options: RunOptions): Promise<number>;
  /**
   * Replaces the images by others of the same number and shape: the next shard of a data set that does not fit into memory. Not to be
   * called during a run.
   */
  replaceImages(images: LabelledImages): Promise<void>;
  dispose(): void;
}

/** How a program runs: operation by operation, or compiled with a core plan. */
export type Execution = { mode: 'eager' } | ({ mode: 'compiled' } & CorePlan);

/** A model's forward pass: scaled images [n, height, width, channels] to logits [n, classes]. */
export type Forward = (images: Tensor4D) => Tensor2D;

/** A forward pass that runs over many images. */
export interface InferenceProgram {
  /** The logits of the images at some indices: [indices, classes], row-major. Throws the signal's reason when aborted. */
  run(indices: Int32Array, signal: AbortSignal): Promise<Float32Array>;
  /** Replaces the images by others of the same shape. Not to be called during a run. */
  replaceImages(images: LabelledImages): void;
  dispose(): void;
}
