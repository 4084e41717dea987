import {
  add,
  customGrad,
  div,
  engine,
  matMul,
  mul,
  ones,
  registerGradient,
  reshape,
  rsqrt,
  squaredDifference,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import { ExtraKernel } from '../../tensorflow/backend/extra-kernels.js';
import { hasKernel } from './gradients.js';
import { isBatchShared } from './shared-batch.js';
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

/** What a batch is normalised with. */
export interface Normalization {
  /** [channels]. */
  readonly scale: Tensor1D;
  /** [channels]. */
  readonly offset: Tensor1D;
  readonly epsilon: number;
}

/**
 * Batch normalisation in training mode, with the biased variance: (x − mean) / √(variance + ε) · scale + offset (Ioffe and Szegedy,
 * "Batch normalization: accelerating deep network training by reducing internal covariate shift", 2015, algorithm 1). The gradient
 * includes that of the statistics. In `withSharedBatch`, the statistics are sums over rows.
 *
 * @param input [n, height, width, channels]
 */
export function normalizeBatch(input: Tensor4D, normalization: Normalization): NormalizedBatch {
  if (!hasKernel(ExtraKernel.BATCH_NORMALIZATION)) return normalizeStepwise(input, normalization);
  if (isBatchShared()) return normalizeShared(input, normalization);
  const { scale, offset, epsilon } = normalization;
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

/**
 * For a batch whose rows are computed apart: but for the sums over all rows, each part runs through TensorFlow's kernels for given statistics. Their gradient with respect to x lacks the way
 * through the statistics, −slope/n · (Σ dy + x̂ · Σ dy·x̂) with slope = scale / √(variance + ε): another normalisation of x, with that scale
 * and offset.
 */
function normalizeShared(input: Tensor4D, { scale, offset, epsilon }: Normalization): NormalizedBatch {
  const channels = input.shape[3];
  const count = elementCount(input.shape) / channels;
  const inRows = (values: Tensor): Tensor2D => reshape(values, [count, channels]);
  const column: Tensor2D = ones([count, 1]);
  const sumOf = (rows: Tensor2D): Tensor1D => reshape(matMul(column, rows, true), [channels]);
  const mean: Tensor1D = div(sumOf(inRows(input)), count);
  const biased: Tensor1D = div(sumOf(inRows(squaredDifference(input, mean))), count);
  const by = (x: Tensor, factor: Tensor, shift: Tensor): Tensor => {
    const inputs = { x, scale: factor, offset: shift, mean, variance: biased };
    return engine().runKernel<Tensor[]>(ExtraKernel.BATCH_NORMALIZATION_GIVEN, inputs, { epsilon })[0]!;
  };
  const normalize = customGrad((...given) => {
    const [x, factor, shift, save] = given as unknown as [Tensor, Tensor, Tensor, (saved: Tensor[]) => void];
    save([x, factor]);
    return { value: by(x, factor, shift), gradFunc: gradientsOf };
  });
  function gradientsOf(dy: Tensor, [x, factor]: Tensor[]): Tensor[] {
    const inputs = { dy, x: x!, scale: factor!, mean, variance: biased };
    const gradients = engine().runKernel<Tensor[]>(ExtraKernel.BATCH_NORMALIZATION_GIVEN_GRADIENT, inputs, {
      epsilon,
    });
    const [direct, ofScale, ofOffset] = gradients as [Tensor, Tensor, Tensor];
    const slope = mul(factor!, rsqrt(add(biased, epsilon)));
    const share = div(slope, -count);
    return [add(direct, by(x!, mul(share, ofScale), mul(share, ofOffset))), ofScale, ofOffset];
  }
  return {
    output: normalize(input, scale, offset) as Tensor4D,
    mean,
    variance: mul(biased, count / Math.max(1, count - 1)),
  };
}

/** For backends without the kernel: the paper's formulas for the forward and the backward pass (section 3). */
function normalizeStepwise(input: Tensor4D, { scale, offset, epsilon }: Normalization): NormalizedBatch {
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
