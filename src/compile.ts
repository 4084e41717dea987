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

export { isToolkitError, ToolkitError, type ErrorCode, type ExitCode } from './core/errors.js';
export { RandomStream } from './engine/step/random-stream.js';
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
