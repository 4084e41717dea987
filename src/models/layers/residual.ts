import { add } from '@tensorflow/tfjs-core';

import { applyAll, type Layer, type MapLayer } from './layer.js';

/**
 * Adds what a branch of layers makes of an input to the input itself, or to what a shortcut makes of it where the shapes differ
 * (He et al., "Deep residual learning for image recognition", 2016).
 */
export function residual(branch: readonly [...Layer[], MapLayer], shortcut: readonly Layer[] = []): MapLayer {
  const { outputShape } = branch.at(-1) as MapLayer;
  return {
    outputShape,
    parameters: [...branch, ...shortcut].flatMap(({ parameters }) => parameters),
    apply: (input, values, training) =>
      add(applyAll(branch, input, values, training), applyAll(shortcut, input, values, training)),
  };
}
