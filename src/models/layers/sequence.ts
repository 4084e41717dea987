import { reshape, type Tensor2D } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import type { Embedding, Model } from '../model.js';
import { sumOfCosts } from '../pass-cost.js';
import { featureMapsOf } from './feature-maps.js';
import { applyAll, costOf, type Layer } from './layer.js';

/** A sequential model; its last layer outputs the logits. */
export function sequence(description: string, layers: readonly Layer[]): Model {
  return {
    description,
    parameters: layers.flatMap(({ parameters }) => parameters),
    cost: sumOfCosts(layers.map(costOf)),
    apply: (images, values, training) => applyAll(layers, images, values, training) as Tensor2D,
    embedding: embeddingOf(layers),
    featureMaps: featureMapsOf(layers),
  };
}

/** The input of the last layer; undefined if there is no other layer. */
function embeddingOf(layers: readonly Layer[]): Embedding | undefined {
  const before = layers.slice(0, -1);
  const last = before.at(-1);
  if (!last) return undefined;
  const size = elementCount(last.outputShape);
  return {
    size,
    apply: (images, values) => reshape(applyAll(before, images, values), [images.shape[0], size]),
  };
}
