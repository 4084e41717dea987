import { add, mul, sub, type Scalar } from '@tensorflow/tfjs-core';

import { canUpdateInPlace, latestValue, updateInPlace } from '../engine/tracing/operations.js';
import type { TrainedParameter } from '../models/variables.js';

/**
 * The share 1 − d of the new weights in a moving average with decay d (Polyak and Juditsky, “Acceleration of stochastic approximation
 * by averaging”, 1992). The decay of step t is at most (t − 1)/(t + 8), as in TensorFlow's `ExponentialMovingAverage` with
 * `num_updates` = t − 2, so that the average soon forgets the early weights; the first step replaces the initial ones.
 *
 * @param decay d, from 0 to 1
 * @param step the number of the step, from 1
 */
export function averageShare(decay: number, step: number): number {
  return Math.max(1 - decay, 9 / (step + 8));
}

/** Updates a parameter's moving average, if it has one, with its value after the step: a ← a + share·(w − a). */
export function updateAverage({ value, average }: TrainedParameter, share: Scalar | undefined): void {
  if (!average) return;
  if (!share) throw new Error('weight averaging needs the coefficient averageShare');
  if (canUpdateInPlace()) {
    updateInPlace('ResourceApplyGradientDescent', [average], [share, sub(average, latestValue(value))]);
    return;
  }
  average.assign(add(average, mul(sub(value, average), share)));
}
