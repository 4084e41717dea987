import { dispose, scalar, tidy, zeros, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';

import { ToolkitError, messageOf } from '../core/errors.js';
import type { ImageShape } from '../core/images.js';
import { stepRandomness } from '../engine/tracing/randomness.js';
import type { Model } from '../models/model.js';
import { augmentBatch, lossAndGradients, type StepSettings } from './step.js';
import type { TrainingVariables } from '../models/variables.js';

const MISSING_KERNEL = /Kernel '(\w+)' not registered/;

/**
 * Checks before training that the backend has all kernels: computes the model's loss and gradients, and the augmentation, on blank
 * images. Throws BACKEND_LACKS_KERNELS.
 *
 * @param backend the backend's name, for the message
 * @param name the model's name, for the message
 */
export function requireKernels(
  backend: string,
  name: string,
  model: Model,
  variables: TrainingVariables,
  { height, width, channels }: ImageShape,
  settings: StepSettings = {},
): void {
  try {
    tidy(() => {
      // Two images, so that they can be mixed.
      const blank: Tensor4D = zeros([2, height, width, channels]);
      const labels: Tensor1D = zeros([2], 'int32');
      const randomness = stepRandomness(variables.seed, scalar(1));
      const batch = augmentBatch({ images: blank, labels }, randomness, settings);
      const { correct, statistics } = lossAndGradients(model, variables, batch, randomness, settings);
      dispose([correct, ...statistics.values()]);
    });
  } catch (error) {
    const kernel = MISSING_KERNEL.exec(messageOf(error))?.[1];
    if (kernel === undefined) throw error;
    throw new ToolkitError(
      'BACKEND_LACKS_KERNELS',
      { backend, model: name, kernels: kernel },
      { cause: error },
    );
  }
}
