import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import type { FeatureMaps } from '../model.js';
import { applyAll, type Layer } from './layer.js';

/** The feature maps of the last convolution; undefined if there is none. */
export function featureMapsOf(layers: readonly Layer[]): FeatureMaps | undefined {
  const last = layers.findLastIndex(
    ({ parameters, outputShape }) => parameters.length > 0 && outputShape.length === 3,
  );
  if (last === -1) return undefined;
  const [before, after] = [layers.slice(0, last + 1), layers.slice(last + 1)];
  return {
    extract: (images, values) => applyAll(before, images, values) as Tensor4D,
    classify: (maps, values) => applyAll(after, maps, values) as Tensor2D,
  };
}
