import { add, mean, mul, reshape, rsqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core';

import { withCustomGradient } from '../../engine/tracing/custom-gradient.js';
import { valueOf, type MapLayer, type MapShape } from './layer.js';

/** Added to the variance; PyTorch's value. */
const EPSILON = 1e-5;

/** The axes of a group in [n, places, groups, channels of a group]. */
const AXES = [1, 3];

/**
 * Group normalisation: mean 0 and variance 1 for each group of channels of each example, then a learned scale and shift per channel (Wu
 * and He, "Group normalization", 2018). Unlike batch normalisation, it treats each example separately, and training and inference alike.
 *
 * @param groups must divide the number of channels
 */
export function groupNormalization(name: string, shape: MapShape, groups: number): MapLayer {
  const [height, width, channels] = shape;
  const gain = `${name}/gain`;
  const bias = `${name}/bias`;
  return {
    outputShape: shape,
    parameters: [
      { name: gain, shape: [channels], initialValue: () => new Float32Array(channels).fill(1) },
      { name: bias, shape: [channels], initialValue: () => new Float32Array(channels) },
    ],
    // Several times the size of its input, for the gradient too.
    cost: { numbers: 5 * height * width * channels, operations: 12 },
    apply(input, values) {
      const grouped = reshape(input, [input.shape[0], height * width, groups, channels / groups]);
      const standardized = reshape(standardize(grouped), input.shape);
      return add(mul(standardized, valueOf(values, gain)), valueOf(values, bias));
    },
  };
}

/** The groups that channels are cut into: 8, or as many fewer as divide them. */
export function usualGroups(channels: number): number {
  return [8, 7, 6, 5, 4, 3, 2].find((groups) => channels % groups === 0) ?? 1;
}

/** (x − mean) / √(variance + ε) over a group. With y for the result, its gradient is (dy − mean(dy) − y · mean(dy · y)) / √(…). */
function standardize(input: Tensor): Tensor {
  return withCustomGradient(
    {
      forward([x], keep) {
        const centred = sub(x!, mean(x!, AXES, true));
        const factor = rsqrt(add(mean(square(centred), AXES, true), EPSILON));
        const y = mul(centred, factor);
        keep([y, factor]);
        return y;
      },
      gradient(dy, [y, factor]) {
        const along = mul(y!, mean(mul(dy, y!), AXES, true));
        return [mul(sub(sub(dy, mean(dy, AXES, true)), along), factor!)];
      },
    },
    input,
  );
}
