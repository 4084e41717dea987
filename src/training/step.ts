import {
  argMax,
  equal,
  keep,
  mean,
  sum,
  variableGrads,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';

import type { Augmentation } from '../augmentation/augment.js';
import type { Batch } from '../engine/device-images.js';
import { canUpdateInPlace, sparseCrossEntropy, updateInPlace } from '../engine/operations.js';
import type { StepResult, TrainingStep } from '../engine/program.js';
import { stepRandomness, type Randomness } from '../engine/randomness.js';
import type { Model } from '../models/model.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { TrainedParameter, TrainingVariables } from './variables.js';

/** From here on, steps have the numbers of earlier ones: float32, in which they travel, holds no larger integers exactly. */
const STEP_NUMBERS = 2 ** 24;

/** What `trainingStep` takes beside its batch: the optimiser's coefficients, and last the step's number, counted from 1. */
export function stepCoefficients(optimizer: Optimizer, step: number, learningRate: number): number[] {
  return [...optimizer.coefficients(step, learningRate), step % STEP_NUMBERS];
}

/**
 * One step of gradient descent on the mean cross-entropy of a batch: forward, backward, update. Its coefficients are those of
 * `stepCoefficients`; for models that draw no random numbers, those of the optimiser are enough.
 *
 * @param augment changes the images first
 */
export function trainingStep(
  model: Model,
  optimizer: Optimizer,
  variables: TrainingVariables,
  augment?: Augmentation,
): TrainingStep {
  return ({ images, labels }, coefficients) => {
    const randomness = stepRandomness(variables.seed, coefficients.at(-1)!);
    const batch = { images: augment ? augment(images, randomness) : images, labels };
    const { loss, correct, gradients } = lossAndGradients(model, variables, batch, randomness);
    for (const parameter of variables.trained) {
      update(optimizer, parameter, gradients[parameter.value.name]!, coefficients);
    }
    return { loss, correct };
  };
}

function update(
  optimizer: Optimizer,
  { value, slots }: TrainedParameter,
  gradient: Tensor,
  coefficients: readonly Scalar[],
): void {
  const state = { parameter: value, slots };
  if (optimizer.updateInPlace && canUpdateInPlace()) {
    const { operation, inputs } = optimizer.updateInPlace(state, gradient, coefficients);
    updateInPlace(operation, [value, ...slots], inputs);
    return;
  }
  const next = optimizer.update(state, gradient, coefficients);
  value.assign(next.parameter);
  slots.forEach((slot, index) => {
    slot.assign(next.slots[index]!);
  });
}

/**
 * The mean cross-entropy of a batch, how many of its images are classified correctly, and the gradient of the mean with
 * respect to each parameter, by the name of its variable.
 *
 * @param randomness left out, the loss is that of inference
 */
export function lossAndGradients(
  model: Model,
  variables: TrainingVariables,
  { images, labels }: Batch,
  randomness?: Randomness,
): StepResult & { gradients: NamedTensorMap } {
  const values = variables.values();
  const trained = variables.trained.map(({ value }) => value);
  let correct: Scalar | undefined;
  const { value: loss, grads: gradients } = variableGrads(() => {
    const logits = model.apply(images, values, randomness);
    const hits = equal(argMax<Tensor1D>(logits, 1), labels);
    correct = keep(sum<Scalar>(hits));
    return mean<Scalar>(sparseCrossEntropy(logits, labels));
  }, trained);
  return { loss, correct: correct!, gradients };
}
