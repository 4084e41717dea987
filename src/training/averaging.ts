import { add, mul, sub, type Scalar } from '@tensorflow/tfjs-core';

import { canUpdateInPlace, latestValue, updateInPlace } from '../engine/tracing/operations.js';
import type { TrainedParameter } from '../models/variables.js';

/**
 * What an average takes of the new weights in a step: 1 − d, for a decay d of its own (Polyak and Juditsky, “Acceleration of stochastic
 * approximation by averaging”, 1992). In the beginning the decay is (n + 1)/(n + 10) for the n-th average, as in TensorFlow's
 * `ExponentialMovingAverage`, so that the weights at the start are soon forgotten; the first step's weights are taken whole.
 *
 * @param step counts from 1
 */
export function averageShare(decay: number, step: number): number {
  return Math.max(1 - decay, 9 / (step + 8));
}

/** Moves a parameter's average, where it has one, towards its value after the step's update: a ← a + share·(w − a). */
export function updateAverage({ value, average }: TrainedParameter, share: Scalar | undefined): void {
  if (!average) return;
  if (!share) throw new Error('averages of the weights need their share of a step');
  if (canUpdateInPlace()) {
    updateInPlace('ResourceApplyGradientDescent', [average], [share, sub(average, latestValue(value))]);
    return;
  }
  average.assign(add(average, mul(sub(value, average), share)));
}
