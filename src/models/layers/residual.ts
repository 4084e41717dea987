import { add, type Tensor } from '@tensorflow/tfjs-core';

import type { Layer } from './layer.js';

/**
 * Adds to its input what layers make of it, so that gradients reach the layers before undiminished (He et al., "Deep residual learning
 * for image recognition", 2016). The layers must not change the shape.
 */
export function residual(layers: readonly Layer[]): Layer {
  return {
    outputShape: layers.at(-1)?.outputShape ?? [],
    parameters: layers.flatMap(({ parameters }) => parameters),
    apply: (input, values, randomness) =>
      add(
        input,
        layers.reduce<Tensor>((output, layer) => layer.apply(output, values, randomness), input),
      ),
  };
}
