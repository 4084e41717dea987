import { reshape } from '@tensorflow/tfjs-core';

import type { MapLayer, MapShape } from './layer.js';
import { scaleAndShift, standardize } from './standardization.js';

/** The axes of a group in [n, places, groups, channels of a group]. */
const AXES = [1, 3];

/**
 * Group normalisation: mean 0 and variance 1 for each group of channels of each example, then a learned scale and shift per channel (Wu
 * and He, "Group normalization", 2018). Unlike batch normalisation, it treats each example separately, and training and inference alike.
 *
 * @param groups must divide the number of channels
 */
export function groupNormalization(name: string, shape: MapShape, groups: number): MapLayer {
  const [height, width, channels] = shape;
  const affine = scaleAndShift(name, channels);
  return {
    outputShape: shape,
    parameters: affine.parameters,
    // Several times the size of its input, for the gradient too.
    cost: { numbers: 5 * height * width * channels, operations: 12 },
    apply(input, values) {
      const grouped = reshape(input, [input.shape[0], height * width, groups, channels / groups]);
      return affine.apply(reshape(standardize(grouped, AXES), input.shape), values);
    },
  };
}

/** The groups that channels are cut into: 8, or as many fewer as divide them. */
export function usualGroups(channels: number): number {
  return [8, 7, 6, 5, 4, 3, 2].find((groups) => channels % groups === 0) ?? 1;
}
