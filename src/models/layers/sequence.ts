import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

import type { Model } from '../model.js';
import type { Layer } from './layer.js';

/** A model that passes its input through layers, one after the other; the last gives the logits. */
export function sequence(description: string, layers: readonly Layer[]): Model {
  return {
    description,
    parameters: layers.flatMap(({ parameters }) => parameters),
    apply: (images, values, randomness) =>
      layers.reduce<Tensor>((input, layer) => layer.apply(input, values, randomness), images) as Tensor2D,
  };
}
