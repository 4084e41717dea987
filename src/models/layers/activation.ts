import { activations, type ActivationName } from '../activations.js';
import type { Layer } from './layer.js';

/** An activation function as a layer. */
export function activation<Shape extends readonly number[]>(
  name: ActivationName,
  shape: Shape,
): Layer & { readonly outputShape: Shape } {
  return { outputShape: shape, parameters: [], apply: (input) => activations[name](input) };
}
