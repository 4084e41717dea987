import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

import { Random } from '../../core/random.js';
import { statelessUniform } from './operations.js';

/** The random numbers of a training step, the same whenever the step is repeated. */
export interface Randomness {
  /**
   * Uniform samples from [0, 1).
   *
   * @param purpose separates the streams of a step: each purpose has its own
   */
  uniform(shape: readonly number[], purpose: string): Tensor;
}

/** The random numbers of a step, determined by the run's seed and the step number (float32). */
export function stepRandomness(seed: number, step: Scalar): Randomness {
  return {
    // The key must not depend on the step: it becomes a constant of a compiled program.
    uniform: (shape, purpose) => statelessUniform(shape, new Random(seed, purpose).bits() | 0, step),
  };
}
