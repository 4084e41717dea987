import {
  add,
  customGrad,
  div,
  engine,
  mul,
  registerGradient,
  rsqrt,
  squaredDifference,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import { ExtraKernel } from '../../tensorflow/backend/extra-kernels.js';
import { hasKernel } from './gradients.js';
import { elementCount } from '../../core/images.js';

/** All axes but the channel axis. */
const AXES = [0, 1, 2];

/** A batch normalised by its own statistics. */
export interface NormalizedBatch {
  output: Tensor4D;
  /** The mean of each channel over the batch and its pixels: [channels]. */
  mean: Tensor1D;
  /** The unbiased variance of each channel: [channels]. */
  variance: Tensor1D;
}

/**
 * Batch normalisation in training mode, with the biased variance: (x − mean) / √(variance + ε) · scale + offset (Ioffe and Szegedy,
 * "Batch normalization: accelerating deep network training by reducing internal covariate shift", 2015, algorithm 1). The gradient
 * includes that of the statistics.
 *
 * @param input [n, height, width, channels]
 * @param scale [channels]
 * @param offset [channels]
 * @param isShared whether the rows are shared between workers: the statistics are then sums over rows, which they add up
 */
export function normalizeBatch(
  input: Tensor4D,
  scale: Tensor1D,
  offset: Tensor1D,
  epsilon: number,
  isShared = false,
): NormalizedBatch {
  if (isShared || !hasKernel(ExtraKernel.BATCH_NORMALIZATION))
    return normalizeStepwise(input, scale, offset, epsilon);
  const inputs = { x: input, scale, offset };
  const [output, mean, variance] = engine().runKernel<Tensor[]>(ExtraKernel.BATCH_NORMALIZATION, inputs, {
    epsilon,
  });
  return { output: output as Tensor4D, mean: mean as Tensor1D, variance: variance as Tensor1D };
}

registerGradient({
  kernelName: ExtraKernel.BATCH_NORMALIZATION,
  inputsToSave: ['x', 'scale'],
  // The last three outputs exist only for the gradient.
  outputsToSave: [false, false, false, true, true, true],
  gradFunc: (upstream, [x, scale, mean, variance, more], attributes) => {
    const [dy] = upstream as Tensor[];
    const inputs = { dy: dy!, x: x!, scale: scale!, mean: mean!, variance: variance!, more: more! };
    const gradients = engine().runKernel<Tensor[]>(
      ExtraKernel.BATCH_NORMALIZATION_GRADIENT,
      inputs,
      attributes,
    );
    return { x: () => gradients[0]!, scale: () => gradients[1]!, offset: () => gradients[2]! };
  },
});

/** For backends without the kernel, and for shared batches: the paper's formulas for the forward and the backward pass (section 3). */
function normalizeStepwise(
  input: Tensor4D,
  scale: Tensor1D,
  offset: Tensor1D,
  epsilon: number,
): NormalizedBatch {
  const count = elementCount(input.shape) / input.shape[3];
  const mean: Tensor1D = div(sum(input, AXES), count);
  const squares: Tensor1D = sum(squaredDifference(input, mean), AXES);
  const normalize = customGrad((...given) => {
    const [x, factor, shift, save] = given as unknown as [Tensor, Tensor, Tensor, (saved: Tensor[]) => void];
    const inverse = rsqrt(add(div(squares, count), epsilon));
    const normalized = mul(sub(x, mean), inverse);
    save([normalized, mul(factor, inverse)]);
    return { value: add(mul(normalized, factor), shift), gradFunc: gradientsOf };
  });
  function gradientsOf(dy: Tensor, [normalized, slope]: Tensor[]): Tensor[] {
    const ofOffset = sum(dy, AXES);
    const ofScale = sum(mul(dy, normalized!), AXES);
    const throughStatistics = div(add(ofOffset, mul(normalized!, ofScale)), count);
    return [mul(slope!, sub(dy, throughStatistics)), ofScale, ofOffset];
  }
  return {
    output: normalize(input, scale, offset) as Tensor4D,
    mean,
    variance: div(squares, Math.max(1, count - 1)),
  };
}
