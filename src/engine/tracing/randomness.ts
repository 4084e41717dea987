import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

import { Random } from '../../core/random.js';
import { statelessUniform } from './operations.js';

/** Where a training step draws its random numbers from: the same ones whenever the step is repeated. */
export interface Randomness {
  /**
   * Numbers uniformly distributed from 0 up to but not including 1.
   *
   * @param purpose tells the draws of one step apart; two purposes never share their numbers
   */
  uniform(shape: readonly number[], purpose: string): Tensor;
}

/** The random numbers of a step, by the run's seed and the step's number. */
export function stepRandomness(seed: number, step: Scalar): Randomness {
  return {
    // Of the key, no number may depend on the step: it becomes a constant of a compiled program.
    uniform: (shape, purpose) => statelessUniform(shape, new Random(seed, purpose).bits() | 0, step),
  };
}
