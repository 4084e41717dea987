import { add, div, minimum, mul, type NamedTensorMap } from '@tensorflow/tfjs-core';

import { globalNorm } from '../engine/tracing/operations.js';

/** Avoids a division by zero; the value of PyTorch. */
const SMALLEST_NORM = 1e-6;

/**
 * Clips gradients by their global L2 norm: scales them down if it exceeds `maxNorm` (Pascanu, Mikolov and Bengio, “On the difficulty of
 * training recurrent neural networks”, 2013; PyTorch's `clip_grad_norm_`).
 */
export function clipByGlobalNorm(gradients: NamedTensorMap, maxNorm: number): NamedTensorMap {
  const norm = globalNorm(Object.values(gradients));
  const factor = minimum(div(maxNorm, add(norm, SMALLEST_NORM)), 1);
  return Object.fromEntries(Object.entries(gradients).map(([name, part]) => [name, mul(part, factor)]));
}
