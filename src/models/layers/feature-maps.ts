import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import type { FeatureMaps, ParameterValues } from '../model.js';
import type { Layer } from './layer.js';

/** What the last layer gives that learns and makes images of images; undefined where there is no such layer. */
export function featureMapsOf(layers: readonly Layer[]): FeatureMaps | undefined {
  const last = layers.findLastIndex(
    ({ parameters, outputShape }) => parameters.length > 0 && outputShape.length === 3,
  );
  if (last === -1) return undefined;
  const through = (part: readonly Layer[], input: Tensor, values: ParameterValues): Tensor =>
    part.reduce((output, layer) => layer.apply(output, values), input);
  return {
    extract: (images, values) => through(layers.slice(0, last + 1), images, values) as Tensor4D,
    classify: (maps, values) => through(layers.slice(last + 1), maps, values) as Tensor2D,
  };
}
