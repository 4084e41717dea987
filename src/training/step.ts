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

import type { Augmentation } from '../models/augmentation/augment.js';
import type { Batch } from '../engine/running/device-images.js';
import { canUpdateInPlace, smoothedCrossEntropy, updateInPlace } from '../engine/tracing/operations.js';
import type { Coefficients, StepResult, TrainingStep } from '../engine/running/program.js';
import { stepRandomness, type Randomness } from '../engine/tracing/randomness.js';
import type { Model, TrainingPass } from '../models/model.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { averageShare, updateAverage } from './averaging.js';
import { clipByGlobalNorm } from './clipping.js';
import type { TrainedParameter, TrainingVariables } from '../models/variables.js';

/** From here on, steps have the numbers of earlier ones: float32, in which they travel, holds no larger integers exactly. */
const STEP_NUMBERS = 2 ** 24;

/** What a step does beside an optimiser's rule. */
export interface StepSettings {
  /** Changes the images first. */
  augment?: Augmentation | undefined;
  /** The largest norm of the gradient; a longer one is shortened. */
  clipNorm?: number | undefined;
  /** The share of a label's probability that is spread over all classes, in the loss that is minimised and reported. */
  labelSmoothing?: number | undefined;
}

/**
 * What `trainingStep` takes beside its batch: the optimiser's coefficients, the share that averages of the weights take of new ones
 * (where there are any), and the step's number.
 *
 * @param step counts from 1
 * @param averageWeights the averages' decay
 * @param momentum where it is not the optimiser's own
 */
export function stepCoefficients(
  optimizer: Optimizer,
  step: number,
  learningRate: number,
  { averageWeights, momentum }: { averageWeights?: number | undefined; momentum?: number | undefined } = {},
): Coefficients<number> {
  return {
    ...optimizer.coefficients(step, learningRate, momentum),
    ...(averageWeights !== undefined && { averageShare: averageShare(averageWeights, step) }),
    stepNumber: step % STEP_NUMBERS,
  };
}

/**
 * One step of gradient descent on the mean cross-entropy of a batch: forward, backward, update. Its coefficients are those of
 * `stepCoefficients`.
 */
export function trainingStep(
  model: Model,
  optimizer: Optimizer,
  variables: TrainingVariables,
  settings: StepSettings = {},
): TrainingStep {
  const { augment, clipNorm } = settings;
  return ({ images, labels }, coefficients) => {
    const { stepNumber, averageShare: share } = coefficients;
    if (!stepNumber) throw new Error('a training step needs the coefficients of stepCoefficients');
    const randomness = stepRandomness(variables.seed, stepNumber);
    const batch = { images: augment ? augment(images, randomness) : images, labels };
    const { loss, correct, gradients, statistics } = lossAndGradients(
      model,
      variables,
      batch,
      randomness,
      settings,
    );
    const taken = clipNorm === undefined ? gradients : clipByGlobalNorm(gradients, clipNorm);
    for (const parameter of variables.trained) {
      update(optimizer, parameter, taken[parameter.value.name]!, coefficients);
    }
    takeOver(variables, statistics);
    // After all updates: what has changed otherwise than by a gradient is averaged too.
    for (const parameter of variables.parameters) updateAverage(parameter, share);
    return { loss, correct };
  };
}

function update(
  optimizer: Optimizer,
  { value, slots }: TrainedParameter,
  gradient: Tensor,
  coefficients: Coefficients<Scalar>,
): void {
  const state = { parameter: value, slots };
  if (optimizer.updateInPlace && canUpdateInPlace()) {
    for (const { operation, inputs, flags, withoutSlots } of optimizer.updateInPlace(
      state,
      gradient,
      coefficients,
    )) {
      updateInPlace(operation, withoutSlots ? [value] : [value, ...slots], inputs, flags);
    }
    return;
  }
  const next = optimizer.update(state, gradient, coefficients);
  value.assign(next.parameter);
  slots.forEach((slot, index) => {
    slot.assign(next.slots[index]!);
  });
}

/** The model's own updates, in place of the parameters' present values. */
function takeOver(variables: TrainingVariables, statistics: ReadonlyMap<string, Tensor>): void {
  const values = variables.values();
  for (const [name, statistic] of statistics) {
    values.get(name)!.assign(statistic);
    statistic.dispose();
  }
}

/** The loss of a batch, and what comes of it for the parameters. */
export interface Gradients extends StepResult {
  /** By the names of the variables. */
  gradients: NamedTensorMap;
  /** New values of parameters that are not learnt, by their names; the caller disposes of them. */
  statistics: ReadonlyMap<string, Tensor>;
}

/**
 * The mean cross-entropy of a batch, how many of its images are classified correctly, and the gradient of the mean with
 * respect to each parameter.
 *
 * @param randomness left out, the loss is that of inference
 */
export function lossAndGradients(
  model: Model,
  variables: TrainingVariables,
  { images, labels }: Batch,
  randomness?: Randomness,
  { labelSmoothing = 0 }: StepSettings = {},
): Gradients {
  const values = variables.values();
  const trained = variables.trained.map(({ value }) => value);
  const statistics = new Map<string, Tensor>();
  const pass: TrainingPass | undefined = randomness && {
    ...randomness,
    update: (name, value) => statistics.set(name, keep(value)),
  };
  let correct: Scalar | undefined;
  const { value: loss, grads: gradients } = variableGrads(() => {
    const logits = model.apply(images, values, pass);
    const hits = equal(argMax<Tensor1D>(logits, 1), labels);
    correct = keep(sum<Scalar>(hits));
    return mean<Scalar>(smoothedCrossEntropy(logits, labels, labelSmoothing));
  }, trained);
  return { loss, correct: correct!, gradients, statistics };
}
