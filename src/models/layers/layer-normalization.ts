import type { Layer } from './layer.js';
import { scaleAndShift, standardize } from './standardization.js';

/**
 * Layer normalisation over the last axis, with a learned scale and shift (Ba, Kiros and
 * Hinton, "Layer normalization", 2016). Unlike batch normalisation, it treats each example separately, and training and inference alike.
 *
 * @param epsilon added to the variance; by default PyTorch's value
 */
export function layerNormalization(name: string, shape: readonly number[], epsilon?: number): Layer {
  const affine = scaleAndShift(name, shape.at(-1) ?? 1);
  return {
    outputShape: shape,
    parameters: affine.parameters,
    apply: (input, values) => affine.apply(standardize(input, -1, epsilon), values),
  };
}
