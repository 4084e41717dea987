import type { Scalar, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import type { Batch } from './device-images.js';
import type { LabelledImages } from '../../core/images.js';
import type { CorePlan } from '../sharding/work.js';

/** What a training step reports of its batch. */
export interface StepResult {
  /** The mean loss over the batch. */
  loss: Scalar;
  /** How many of its images were classified correctly, before the update. */
  correct: Scalar;
}

/**
 * One training step, written with tfjs operations alone: it takes a batch, updates variables, and reports. It must not read
 * the values of a tensor, nor draw random numbers in JavaScript, so that it can also be recorded and compiled.
 *
 * @param coefficients the numbers that change from step to step (learning rate, what the optimiser makes of it, the step's
 *   own number), by name
 */
export type TrainingStep = (batch: Batch, coefficients: Coefficients<Scalar>) => StepResult;

/** Values by name: numbers outside a step, scalars inside. All steps of a run have the same names in the same order. */
export type Coefficients<Value> = Readonly<Record<string, Value>>;

/** What a slice of batches reported; entry k belongs to batch `first + k`. */
export interface SliceResult {
  first: number;
  losses: Float32Array;
  correct: Float32Array;
}

export interface RunOptions {
  /** Indices into the data set, in the order of training; cut into batches, of which the last may be smaller. */
  order: Int32Array;
  batchSize: number;
  /** The batch to begin with, when an epoch is continued in its middle. */
  firstBatch: number;
  /** The coefficients of a batch, by its number in the order. */
  coefficients: (batch: number) => Coefficients<number>;
  /** Ends the run after the slice that is under way. */
  signal: AbortSignal;
  onSlice: (result: SliceResult) => void;
}

/**
 * A training step ready to be run over many batches. Work is done in slices short enough to keep progress, interruption and
 * checkpoints prompt; between slices the event loop is free.
 */
export interface TrainingProgram {
  /** How it uses the machine; a compiled program knows from its first run on. */
  readonly execution: Execution | undefined;
  /** Runs the batches of an order, and returns how many have been run when it ends: all, unless it was aborted. */
  run(options: RunOptions): Promise<number>;
  /**
   * Trains on other images of the same number and shape from now on: the next part of a data set that does not fit into memory.
   * Not while a run is under way.
   */
  replaceImages(images: LabelledImages): Promise<void>;
  dispose(): void;
}

/** How a program is run: operation by operation, or as one graph on some cores. */
export type Execution = { mode: 'eager' } | ({ mode: 'compiled' } & CorePlan);

/** A model's forward pass: scaled images [n, height, width, channels] to logits [n, classes]. */
export type Forward = (images: Tensor4D) => Tensor2D;

/** A forward pass ready to be run over many images. */
export interface InferenceProgram {
  /** The logits of the images at some indices, row by row: [indices, classes]. Throws the signal's reason when aborted. */
  run(indices: Int32Array, signal: AbortSignal): Promise<Float32Array>;
  /** Looks at other images of the same shape from now on. Not while a run is under way. */
  replaceImages(images: LabelledImages): void;
  dispose(): void;
}
