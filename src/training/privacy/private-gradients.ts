import {
  add,
  argMax,
  cast,
  clipByValue,
  equal,
  keep,
  less,
  mul,
  range,
  reshape,
  round,
  slice,
  stack,
  sum,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { clippedSum } from '../../engine/per-example/clipped-sum.js';
import type { Batch } from '../../engine/running/device-images.js';
import type { Coefficients, StepResult } from '../../engine/running/program.js';
import { statelessNormal } from '../../engine/tracing/normal-noise.js';
import type { Randomness } from '../../engine/tracing/randomness.js';
import type { Model, TrainingPass } from '../../models/model.js';
import type { TrainingVariables } from '../../models/variables.js';
import type { ExampleLosses } from '../losses/loss.js';
import { countIn, keyIn } from './secrets.js';

/** How a step protects the images that it learns from. */
export interface PrivateStep {
  /** The largest norm of an image's gradient. */
  clipNorm: number;
  /** The standard deviation of the noise, as a multiple of what a single image can change. */
  noiseMultiplier: number;
  /** The expected number of images in a batch, by which the sum of their gradients is divided. */
  batchSize: number;
  losses: ExampleLosses;
  /** The loss above which it is not told by how much: see `lossLimit`. */
  lossLimit: number;
}

/** The share of the clipping norm that the metrics of an image get: it makes the noise 0.5 % larger. */
const METRICS_SHARE = 0.1;

/** What an image's loss is cut at where it is shown: twice that of guessing, times the largest weight of a class. */
export function lossLimit(classes: number, weights: readonly number[] | undefined): number {
  return 2 * Math.log(Math.max(2, classes)) * Math.max(1, ...(weights ?? []));
}

/** Loss, number of correct images, and gradients of a private step. */
export interface PrivateGradients extends StepResult {
  /** The gradients, by variable name. */
  gradients: NamedTensorMap;
}

/**
 * The gradients of a batch with differential privacy (Abadi et al., "Deep learning with differential privacy", 2016): the sum of the
 * images' gradients, each clipped to `clipNorm`, and normal noise, divided by the expected batch size.
 *
 * Loss and accuracy come out of the same sum: to each image's gradient two numbers are appended, whether it was classified correctly and
 * its loss (up to a limit), scaled so that together they have at most a norm of a tenth of `clipNorm`. So an image changes the sum by at
 * most C · √(1 + 0.1²), of which the noise is a multiple, and what is shown of training leaks nothing beyond the account.
 *
 * @param coefficients with the secrets of the step: see `secretsOf`
 */
export function privateGradients(
  model: Model,
  variables: TrainingVariables,
  { images, labels }: Batch,
  randomness: Randomness,
  coefficients: Coefficients<Scalar>,
  settings: PrivateStep,
): PrivateGradients {
  const { clipNorm, noiseMultiplier, batchSize } = settings;
  const examples = labels.shape[0];
  const counted: Tensor1D = cast(less(range(0, examples, 1, 'float32'), countIn(coefficients)), 'float32');
  // The expected size divides each image's share, which is cheaper than to divide the gradients.
  const shares: Tensor1D = mul(counted, 1 / batchSize);
  const { losses, correct, means } = meansOf(
    model,
    variables,
    { images, labels },
    randomness,
    settings,
    shares,
  );
  const metricsNorm = METRICS_SHARE * clipNorm;
  const sensitivity = Math.hypot(clipNorm, metricsNorm);
  const sizes = variables.trained.map(({ value }) => value.size);
  const noise = mul(
    statelessNormal(
      sizes.reduce((total, size) => total + size, 2),
      keyIn(coefficients),
    ),
    (sensitivity * noiseMultiplier) / batchSize,
  );
  let place = 0;
  const noiseOf = (shape: readonly number[], size: number): Tensor => {
    place += size;
    return reshape(slice(noise, place - size, size), [...shape]);
  };
  const gradients = Object.fromEntries(
    variables.trained.map(({ spec: { name, shape }, value }) => [
      value.name,
      add(means[name]!, noiseOf(shape, value.size)),
    ]),
  );
  // Each of the two numbers of an image is at most this, so that their norm is at most `metricsNorm`.
  const most = metricsNorm / Math.SQRT2;
  const ofImages = stack([mul(clipByValue(losses, 0, settings.lossLimit), 1 / settings.lossLimit), correct]);
  const metrics = mul(add(mul(sum(mul(ofImages, shares), 1), most), noiseOf([2], 2)), 1 / most);
  const [loss, right] = [slice(metrics, 0, 1), slice(metrics, 1, 1)].map((part) => reshape(part, []));
  return {
    gradients,
    loss: mul(loss!, settings.lossLimit),
    correct: cast(round(mul(right!, batchSize)), 'int32'),
  };
}

/** Losses, correctness and the means of the clipped gradients. */
function meansOf(
  model: Model,
  variables: TrainingVariables,
  { images, labels }: Batch,
  randomness: Randomness,
  { clipNorm, losses: lossesOf }: PrivateStep,
  weights: Tensor1D,
): { losses: Tensor1D; correct: Tensor; means: NamedTensorMap } {
  const values = variables.values();
  let correct: Tensor | undefined;
  const { losses, gradients: means } = clippedSum(
    () => {
      const logits = model.apply(images, values, withoutUpdates(randomness));
      correct = keep(cast(equal(argMax<Tensor1D>(logits, 1), labels), 'float32'));
      return lossesOf(logits, labels);
    },
    new Map(variables.trained.map(({ spec, value }) => [spec.name, value])),
    { examples: labels.shape[0], maxNorm: clipNorm, weights },
  );
  const result = correct!.clone();
  correct!.dispose();
  return { losses, correct: result, means };
}

/** A pass in which nothing is learnt beside the gradients. */
export function withoutUpdates(randomness: Randomness): TrainingPass {
  return {
    ...randomness,
    update(parameter) {
      throw new ToolkitError('PRIVACY_UNSUPPORTED', {
        reason: `${parameter} is a statistic of the whole batch (batch normalisation), which reveals its images`,
        hint: 'use --normalization group, or group-normalization in a list of layers, in place of batch normalisation',
      });
    },
  };
}
