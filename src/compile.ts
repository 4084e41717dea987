/**
 * A training or inference step, written with operations of TensorFlow.js, as one operation of TensorFlow; or a model of
 * `@tensorflow/tfjs-layers` as a whole. docs/compile.md says what a step may do. Loading this module starts nothing: `useTensorFlow` of
 * `mnist-train/tensorflow` has to be called before a step is.
 */
import { compile as compileStep, type CompiledStep } from './engine/step/compile.js';
import {
  compileModel as compileLayersModel,
  type CompiledModel,
  type ModelOptions,
  type TrainableModel,
} from './engine/step/compile-model.js';
import type { CompileModelOptions, CompileOptions } from './engine/step/options.js';
import { RandomStream as TensorStream } from './engine/step/random-stream.js';

export { isToolkitError, ToolkitError, type ErrorCode, type ExitCode } from './core/errors.js';
export type {
  CompiledModel,
  CompiledStep,
  CompileModelOptions,
  CompileOptions,
  ModelOptions,
  TrainableModel,
};

/**
 * Makes one operation of TensorFlow of a function of tensors. The first call with tensors of some types and shapes runs the function
 * as it is, and records what it does; later calls run that as a whole. Variables that it changes, those of optimizers included, have
 * their new values after each call.
 *
 * The compiled function throws a ToolkitError: STEP_NOT_COMPILABLE for what a program cannot do (reading values, random numbers made
 * in JavaScript, new variables), USAGE for arguments that are no tensors, BACKEND_UNAVAILABLE before `useTensorFlow`,
 * TENSORFLOW_FAILED and OUT_OF_MEMORY.
 *
 * @example
 * ```js
 * import * as tf from '@tensorflow/tfjs';
 * import { compile } from 'mnist-train/compile';
 * import { useTensorFlow } from 'mnist-train/tensorflow';
 *
 * await useTensorFlow();
 * const slope = tf.variable(tf.scalar(0));
 * const optimizer = tf.train.adam(0.1);
 * const step = compile((x, y) => optimizer.minimize(() => tf.losses.meanSquaredError(y, x.mul(slope)), true));
 * for (let turn = 0; turn < 100; turn++) step(tf.tensor1d([1, 2, 3]), tf.tensor1d([2, 4, 6])).dispose();
 * slope.print();
 * ```
 */
export function compile<Values extends unknown[], Result>(
  step: (...values: Values) => Result,
  options: CompileOptions = {},
): CompiledStep<Values, Result> {
  return compileStep(step, options);
}

/**
 * Compiles the training, evaluation and prediction of a model of `@tensorflow/tfjs-layers`. Its own methods `fit`, `fitDataset`,
 * `trainOnBatch`, `evaluate`, `evaluateDataset`, `predict` and `predictOnBatch` are compiled from now on, and all that they take stays:
 * epochs, shuffling, validation, class weights, callbacks. Its weights are up to date after each batch.
 *
 * Throws USAGE for what is no built model; its methods throw what `compile` says.
 *
 * @example
 * ```js
 * const compiled = compileModel(model, { optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
 * const { history } = await compiled.fit(images, labels, { epochs: 5, batchSize: 64, validationSplit: 0.1 });
 * ```
 */
export function compileModel<Model extends TrainableModel>(
  model: Model,
  options: ModelOptions<Model> = {},
): CompiledModel<Model> {
  return compileLayersModel(model, options);
}

/**
 * A stream of random numbers for steps that are compiled, which have new ones in each call. Those of TensorFlow.js (`tf.randomNormal`,
 * `tf.dropout`) are made in JavaScript, and would be the same in every call. The numbers depend on the seed and on how many were drawn
 * before; an eager step draws the same ones. In TypeScript, `Tensor` is the caller's own `tf.Tensor`.
 */
export interface RandomStream<Tensor> {
  readonly seed: number;
  /** Numbers uniformly distributed from `minimum` (0) up to but not including `maximum` (1). */
  uniform(shape: readonly number[], minimum?: number, maximum?: number): Tensor;
  /** Normally distributed numbers, by their mean (0) and standard deviation (1). */
  normal(shape: readonly number[], mean?: number, deviation?: number): Tensor;
  /** Sets each value to 0 with a probability of `rate`, and scales the others up so that the sum is expected to stay the same. */
  dropout(x: Tensor, rate: number, noiseShape?: readonly number[]): Tensor;
  /** Frees its counter. Steps that draw from the stream cannot be called any more. */
  dispose(): void;
}

/**
 * Makes a stream of random numbers of a seed, a whole number. Throws USAGE for another.
 *
 * @example
 * ```js
 * const random = new RandomStream(7);
 * const step = compile((x) => random.dropout(x.add(random.normal(x.shape, 0, 0.1)), 0.2));
 * ```
 */
// tfjs's declarations need those of browsers: the package's own do without them.
export const RandomStream = TensorStream as unknown as new <Tensor>(seed: number) => RandomStream<Tensor>;
