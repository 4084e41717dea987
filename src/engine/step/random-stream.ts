import {
  add,
  cos,
  div,
  floor,
  log,
  mul,
  scalar,
  sqrt,
  sub,
  tidy,
  variable,
  type Scalar,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { statelessUniform } from '../tracing/operations.js';

/** Numbers below 1 that are further from it than rounding: the logarithm of 0 has no value. */
const SMALLEST = 2 ** -25;

/**
 * A stream of random numbers for steps that are compiled, whose program draws new ones in each call. Those of tfjs (`tf.randomNormal`,
 * `tf.dropout`) are made in JavaScript, and would be the same in all of them. The numbers depend on the seed and on how many were
 * drawn before; an eager step draws the same ones.
 */
export class RandomStream {
  readonly seed: number;
  readonly #key: number;
  /** How many times numbers were drawn: a variable, so that a program counts on. */
  readonly #drawn: Variable;

  /** @param seed a whole number; throws USAGE for another */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new ToolkitError('USAGE', {
        message: `the seed of a RandomStream is ${seed}`,
        hint: 'give it a whole number',
      });
    }
    this.seed = seed;
    this.#key = new Random(seed, 'stream').bits() | 0;
    this.#drawn = tidy(() => variable(scalar(0, 'int32'), false));
  }

  /** Numbers uniformly distributed from `minimum` up to but not including `maximum`. */
  uniform(shape: readonly number[], minimum = 0, maximum = 1): Tensor {
    return tidy(() => {
      const numbers = statelessUniform(shape, this.#key, this.#drawn as unknown as Scalar);
      this.#drawn.assign(add(this.#drawn, scalar(1, 'int32')));
      if (minimum === 0 && maximum === 1) return numbers;
      return add(mul(numbers, maximum - minimum), minimum);
    });
  }

  /** Normally distributed numbers (Box and Muller, "A note on the generation of random normal deviates", 1958). */
  normal(shape: readonly number[], mean = 0, deviation = 1): Tensor {
    return tidy(() => {
      const radius = sqrt(mul(-2, log(sub(1 + SMALLEST, this.uniform(shape)))));
      const numbers = mul(radius, cos(mul(2 * Math.PI, this.uniform(shape))));
      return add(mul(numbers, deviation), mean);
    });
  }

  /** Sets each value to 0 with a probability of `rate`, and scales the others up so that the sum is expected to stay the same. */
  dropout(x: Tensor, rate: number, noiseShape: readonly number[] = x.shape): Tensor {
    if (rate === 0) return x.clone();
    return tidy(() => {
      const kept = floor(add(this.uniform(noiseShape), 1 - rate));
      return mul(x, div(kept, 1 - rate));
    });
  }

  /** Frees the counter. Steps that draw from the stream cannot be called any more. */
  dispose(): void {
    this.#drawn.dispose();
  }
}
