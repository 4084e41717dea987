import { tensor1d } from '@tensorflow/tfjs-core';

import type { DeviceImages } from '../../engine/running/device-images.js';
import type { PrivateCentering } from '../../models/features/private-centering.js';
import type { FixedFeatures } from '../../models/model.js';
import type { TrainingVariables } from '../../models/variables.js';
import { PrivateMean } from '../../training/privacy/private-mean.js';
import { featuresAt, type ComputeContext } from './compute-features.js';

/** Images whose features are held in memory at once, where they are not kept. */
const PIECE = 4096;

/** Whether the mean of a model's features is still to be estimated: it is zeros, which noise never is. */
export function lacksMean(variables: TrainingVariables, { parameter }: PrivateCentering): boolean {
  return variables
    .values()
    .get(parameter)!
    .dataSync<'float32'>()
    .every((value) => value === 0);
}

/** Estimates the mean of features from those of all images, puts it into the model, and subtracts it from them. */
export function centre(
  features: Float32Array,
  chosen: Int32Array,
  { size, centering }: FixedFeatures,
  variables: TrainingVariables,
): void {
  const mean = new PrivateMean(size, centering!);
  for (const image of chosen) mean.add(features.subarray(image * size, (image + 1) * size));
  const estimate = mean.estimate();
  assign(variables, centering!, estimate);
  for (let at = 0; at < features.length; at++) features[at]! -= estimate[at % size]!;
}

/** Estimates the mean of features that are computed in each step, and puts it into the model. Throws as `featuresAt` does. */
export async function estimateMean(
  features: FixedFeatures,
  images: DeviceImages,
  chosen: Int32Array,
  variables: TrainingVariables,
  context: ComputeContext,
): Promise<void> {
  const { size, centering } = features;
  const mean = new PrivateMean(size, centering!);
  for (let start = 0; start < chosen.length; start += PIECE) {
    const piece = chosen.subarray(start, start + PIECE);
    const found = await featuresAt(features, images, variables.values(), piece, context);
    for (let row = 0; row < piece.length; row++) mean.add(found.subarray(row * size, (row + 1) * size));
  }
  assign(variables, centering!, mean.estimate());
}

function assign(variables: TrainingVariables, { parameter }: PrivateCentering, values: Float32Array): void {
  const estimate = tensor1d(values, 'float32');
  variables.values().get(parameter)!.assign(estimate);
  estimate.dispose();
}
