import { activations, type ActivationName } from '../activations.js';
import type { Layer } from './layer.js';

/** A function of each value, as a layer of its own. */
export function activation<Shape extends readonly number[]>(
  name: ActivationName,
  shape: Shape,
): Layer & { readonly outputShape: Shape } {
  return { outputShape: shape, parameters: [], apply: (input) => activations[name](input) };
}
