import { add, mean, mul, rsqrt, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';

import { withCustomGradient } from '../../engine/tracing/custom-gradient.js';
import { valueOf, type Layer } from './layer.js';

/**
 * Layer normalisation over the last axis, with a learned scale and shift (Ba, Kiros and
 * Hinton, "Layer normalization", 2016). Unlike batch normalisation, it treats each example separately, and training and inference alike.
 *
 * @param epsilon added to the variance; by default PyTorch's value
 */
export function layerNormalization(name: string, shape: readonly number[], epsilon = 1e-5): Layer {
  const size = shape.at(-1) ?? 1;
  const gain = `${name}/gain`;
  const bias = `${name}/bias`;
  return {
    outputShape: shape,
    parameters: [
      { name: gain, shape: [size], initialValue: () => new Float32Array(size).fill(1) },
      { name: bias, shape: [size], initialValue: () => new Float32Array(size) },
    ],
    apply: (input, values) =>
      add(mul(standardize(input, epsilon), valueOf(values, gain)), valueOf(values, bias)),
  };
}

/** (x − mean) / √(variance + ε) along the last axis. With y for the result, its gradient is (dy − mean(dy) − y · mean(dy · y)) / √(…). */
function standardize(input: Tensor, epsilon: number): Tensor {
  return withCustomGradient(
    {
      forward([x], keep) {
        const centred = sub(x!, mean(x!, -1, true));
        const factor = rsqrt(add(mean(square(centred), -1, true), epsilon));
        const y = mul(centred, factor);
        keep([y, factor]);
        return y;
      },
      gradient(dy, [y, factor]) {
        const share = 1 / y!.shape.at(-1)!;
        const along = mul(y!, mul(sum(mul(dy, y!), -1, true), share));
        return [mul(sub(sub(dy, mean(dy, -1, true)), along), factor!)];
      },
    },
    input,
  );
}
