import { add, mean, mul, rsqrt, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';

import { withCustomGradient } from '../../engine/tracing/custom-gradient.js';
import type { ParameterSpec, ParameterValues } from '../model.js';
import { valueOf } from './layer.js';

/** Added to the variance by default; PyTorch's value. */
export const STANDARDIZATION_EPSILON = 1e-5;

/**
 * (x − mean) / √(variance + ε) over some axes. With y for the result, its gradient is (dy − mean(dy) − y · mean(dy · y)) / √(…).
 *
 * @param epsilon added to the variance
 */
export function standardize(
  input: Tensor,
  axes: number | number[],
  epsilon: number = STANDARDIZATION_EPSILON,
): Tensor {
  return withCustomGradient(
    {
      forward([x], keep) {
        const centred = sub(x!, mean(x!, axes, true));
        const factor = rsqrt(add(mean(square(centred), axes, true), epsilon));
        const y = mul(centred, factor);
        keep([y, factor]);
        return y;
      },
      gradient(dy, [y, factor]) {
        const share = factor!.size / y!.size;
        const along = mul(y!, mul(sum(mul(dy, y!), axes, true), share));
        return [mul(sub(sub(dy, mean(dy, axes, true)), along), factor!)];
      },
    },
    input,
  );
}

/** A learned scale and shift for each place of the last axis, which change nothing at first. */
export interface ScaleAndShift {
  readonly parameters: readonly ParameterSpec[];
  apply(input: Tensor, values: ParameterValues): Tensor;
}

/**
 * The learned scale and shift of a normalisation.
 *
 * @param name the layer's
 * @param size of the last axis
 */
export function scaleAndShift(name: string, size: number): ScaleAndShift {
  const gain = `${name}/gain`;
  const bias = `${name}/bias`;
  return {
    parameters: [
      { name: gain, shape: [size], initialValue: () => new Float32Array(size).fill(1) },
      { name: bias, shape: [size], initialValue: () => new Float32Array(size) },
    ],
    apply: (input, values) => add(mul(input, valueOf(values, gain)), valueOf(values, bias)),
  };
}
