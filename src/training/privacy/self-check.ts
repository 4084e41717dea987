import {
  fill,
  ones,
  slice,
  sum,
  tensor1d,
  tensor4d,
  tidy,
  variableGrads,
  type Rank,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { pixelsPerImage, type ImageShape } from '../../core/images.js';
import { Random } from '../../core/random.js';
import { clippedSum } from '../../engine/per-example/clipped-sum.js';
import { globalNorm } from '../../engine/tracing/operations.js';
import type { Randomness } from '../../engine/tracing/randomness.js';
import type { Augmentation } from '../../models/augmentation/augment.js';
import type { Model } from '../../models/model.js';
import type { TrainingVariables } from '../../models/variables.js';
import type { ExampleLosses } from '../losses/loss.js';
import { withoutUpdates } from './private-gradients.js';

/** The images of the check. */
const IMAGES = 3;
/** How far norms may differ, relatively: float32 rounds a little, and everything else is far off. */
const TOLERANCE = 1e-3;

/** What turns images into losses. */
export interface CheckedStep {
  model: Model;
  variables: TrainingVariables;
  losses: ExampleLosses;
  augment: Augmentation | undefined;
}

/**
 * Checks on random images that each image's gradient is its own, and has the norm that clipping goes by: in a batch and alone it must have
 * the same. Models, losses and augmentations may be plug-ins, about which nothing else is known. Throws PRIVACY_UNSUPPORTED.
 */
export function requireOwnGradients(step: CheckedStep, shape: ImageShape, classes: number): void {
  const together: number[] = [];
  const alone: number[] = [];
  tidy(() => {
    const { images, labels } = randomBatch(shape, classes);
    const parameters = new Map(step.variables.trained.map(({ spec, value }) => [spec.name, value]));
    const settings = { examples: IMAGES, maxNorm: 1, weights: ones<Rank.R1>([IMAGES]) };
    together.push(...clippedSum(() => lossesOf(step, images, labels), parameters, settings).norms.dataSync());
    for (let image = 0; image < IMAGES; image++) {
      const { shape: all } = images;
      const [own, label] = [
        slice(images, [image, 0, 0, 0], [1, all[1], all[2], all[3]]),
        slice(labels, [image], [1]),
      ];
      const { grads } = variableGrads(() => sum(lossesOf(step, own, label)), [...parameters.values()]);
      alone.push(globalNorm(Object.values(grads)).dataSync()[0]!);
    }
  });
  const isSame = together.every(
    (norm, image) => Math.abs(norm - alone[image]!) <= TOLERANCE * alone[image]! + 1e-6,
  );
  if (isSame) return;
  throw new ToolkitError('PRIVACY_UNSUPPORTED', {
    reason: `an image's gradient is not the same in a batch (norm ${together[0]!.toPrecision(4)}) as alone (${alone[0]!.toPrecision(4)}): model, loss or augmentation mix the images of a batch`,
  });
}

function lossesOf(
  { model, variables, losses, augment }: CheckedStep,
  images: Tensor4D,
  labels: Tensor1D,
): Tensor1D {
  const seen = augment ? augment(images, sameForAll) : images;
  const logits = model.apply(seen, variables.values(), withoutUpdates(sameForAll));
  return losses(logits, labels);
}

/** Random numbers that do not depend on an image's place in a batch. */
const sameForAll: Randomness = { uniform: (shape) => fill([...shape], 0.9) };

function randomBatch(shape: ImageShape, classes: number): { images: Tensor4D; labels: Tensor1D } {
  const random = new Random(0, 'privacy-check');
  const pixels = Float32Array.from({ length: IMAGES * pixelsPerImage(shape) }, () => random.uniform());
  const { height, width, channels } = shape;
  return {
    images: tensor4d(pixels, [IMAGES, height, width, channels]),
    labels: tensor1d(
      Array.from({ length: IMAGES }, (_, image) => image % classes),
      'int32',
    ),
  };
}
