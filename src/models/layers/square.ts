import { square as squared } from '@tensorflow/tfjs-core';

import type { Layer } from './layer.js';

/** x² as an activation: the one that encrypted arithmetic, which only adds and multiplies, computes exactly. */
export function square<Shape extends readonly number[]>(
  shape: Shape,
): Layer & { readonly outputShape: Shape } {
  return { outputShape: shape, parameters: [], apply: (input) => squared(input) };
}
