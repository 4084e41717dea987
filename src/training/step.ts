import {
  add,
  argMax,
  equal,
  greater,
  keep,
  mul,
  sub,
  sum,
  variableGrads,
  where,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';

import type { Augmentation } from '../models/augmentation/augment.js';
import type { MixedImages, Mixing } from '../models/augmentation/mixing.js';
import type { Batch } from '../engine/running/device-images.js';
import { canUpdateInPlace, updateInPlace } from '../engine/tracing/operations.js';
import type { Coefficients, StepResult, TrainingStep } from '../engine/running/program.js';
import { stepRandomness, type Randomness } from '../engine/tracing/randomness.js';
import type { Model, TrainingPass } from '../models/model.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { averageShare, updateAverage } from './averaging.js';
import { privateGradients, type PrivateStep } from './privacy/private-gradients.js';
import { clipByGlobalNorm } from './clipping.js';
import { crossEntropy } from './losses/cross-entropy.js';
import { batchLoss, type BatchLoss } from './losses/loss.js';
import type { TrainedParameter, TrainingVariables } from '../models/variables.js';

/** Step numbers wrap around here: float32, in which they are passed, represents integers exactly only up to 2²⁴. */
const STEP_NUMBERS = 2 ** 24;

/** The settings of a step beyond the optimiser's. */
export interface StepSettings {
  /** Augments the images. */
  augment?: Augmentation | undefined;
  /** Mixes the images of a batch, after they are augmented; not in private steps. */
  mix?: Mixing | undefined;
  /** The maximum global norm of the gradients, for clipping. */
  clipNorm?: number | undefined;
  /** The loss that is minimised and reported; undefined: the mean cross-entropy. */
  loss?: BatchLoss | undefined;
  /** Trains with differential privacy, in the place of `clipNorm` and `loss`; the coefficients are those of `PrivateEpochs`. */
  privacy?: PrivateStep | undefined;
  /** Whether workers share each batch (`TrainingPass.isShared`). */
  isShared?: boolean | undefined;
}

const meanCrossEntropy = batchLoss(crossEntropy.build({ labelSmoothing: 0 }, undefined), undefined);

/**
 * The coefficients of `trainingStep`: the optimiser's, the share of new weights in the moving averages (if there are any), and the
 * step's number.
 *
 * @param step the number of the step, from 1
 * @param averageWeights the decay of the moving averages
 * @param momentum overrides the optimiser's momentum
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
 * Creates a training step on the loss of a batch: forward pass, backward pass, update. Its coefficients are those of
 * `stepCoefficients`.
 */
export function trainingStep(
  model: Model,
  optimizer: Optimizer,
  variables: TrainingVariables,
  settings: StepSettings = {},
): TrainingStep {
  const { privacy } = settings;
  return (given, coefficients) => {
    const { stepNumber, averageShare: share } = coefficients;
    if (!stepNumber) throw new Error('a training step needs the coefficients of stepCoefficients');
    const randomness = stepRandomness(variables.seed, stepNumber);
    const batch = augmentBatch(given, randomness, settings);
    const { loss, correct, gradients, statistics } = privacy
      ? {
          ...privateGradients(model, variables, batch, randomness, coefficients, privacy),
          statistics: noStatistics,
        }
      : clippedGradients(model, variables, batch, randomness, settings);
    for (const parameter of variables.trained) {
      update(optimizer, parameter, gradients[parameter.value.name]!, coefficients);
    }
    assignStatistics(variables, statistics);
    // After all updates, so that moving statistics are averaged too.
    for (const parameter of variables.parameters) updateAverage(parameter, share);
    return { loss, correct };
  };
}

/** A batch as a step trains on it. */
export interface AugmentedBatch extends Batch {
  /** What was mixed into the images; undefined where nothing was. */
  mixed?: Pick<MixedImages, 'others' | 'share'> | undefined;
}

/** Augments the images of a batch, and then mixes them, with the random numbers of a step. */
export function augmentBatch(
  { images, labels }: Batch,
  randomness: Randomness,
  { augment, mix }: Pick<StepSettings, 'augment' | 'mix'>,
): AugmentedBatch {
  const augmented = augment ? augment(images, randomness) : images;
  if (!mix) return { images: augmented, labels };
  const { images: mixture, ...mixed } = mix(augmented, labels, randomness);
  return { images: mixture, labels, mixed };
}

const noStatistics: ReadonlyMap<string, Tensor> = new Map();

function clippedGradients(...given: Required<Parameters<typeof lossAndGradients>>): Gradients {
  const { clipNorm } = given[4];
  const found = lossAndGradients(...given);
  if (clipNorm === undefined) return found;
  return { ...found, gradients: clipByGlobalNorm(found.gradients, clipNorm) };
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

/** Assigns the new statistics, such as those of batch normalisation, to their parameters. */
function assignStatistics(variables: TrainingVariables, statistics: ReadonlyMap<string, Tensor>): void {
  const values = variables.values();
  for (const [name, statistic] of statistics) {
    values.get(name)!.assign(statistic);
    statistic.dispose();
  }
}

/** The loss of a batch, the gradients and the new statistics. */
export interface Gradients extends StepResult {
  /** The gradients, by variable name. */
  gradients: NamedTensorMap;
  /** New values of non-trainable parameters, by name; the caller disposes of them. */
  statistics: ReadonlyMap<string, Tensor>;
}

/**
 * The loss of a batch, the number of correctly classified images, and the gradients of the loss with respect to the
 * trainable parameters. The loss of mixed images is the mean of the losses for both labels, weighted by their shares: for cross-entropy, smoothed
 * or not, that is the cross-entropy with the mixed labels. They are classified correctly as what the larger share is of.
 *
 * @param randomness the random numbers of the step; without it the model runs in inference mode
 */
export function lossAndGradients(
  model: Model,
  variables: TrainingVariables,
  { images, labels, mixed }: AugmentedBatch,
  randomness?: Randomness,
  { loss: lossOf = meanCrossEntropy, isShared = false }: StepSettings = {},
): Gradients {
  const values = variables.values();
  const trained = variables.trained.map(({ value }) => value);
  const statistics = new Map<string, Tensor>();
  const pass: TrainingPass | undefined = randomness && {
    ...randomness,
    isShared,
    update: (name, value) => statistics.set(name, keep(value)),
  };
  let correct: Scalar | undefined;
  const { value: loss, grads: gradients } = variableGrads(() => {
    const logits = model.apply(images, values, pass);
    const shown = mixed ? where(greater(mixed.share, 0.5), mixed.others, labels) : labels;
    const matches = equal(argMax<Tensor1D>(logits, 1), shown);
    correct = keep(sum<Scalar>(matches));
    if (!mixed) return lossOf(logits, labels);
    const { others, share } = mixed;
    return add(mul(lossOf(logits, labels), sub(1, share)), mul(lossOf(logits, others), share));
  }, trained);
  return { loss, correct: correct!, gradients, statistics };
}
