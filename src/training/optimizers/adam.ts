import { add, div, mul, sqrt, square, sub, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { defineOptimizer } from './optimizer.js';
import { learningRateOption, weightPenaltyOptions, withWeightPenalty } from './options.js';

/** The options of Adam's moment estimates. */
export const momentOptions = {
  beta1: z.number().min(0).lt(1).default(0.9).meta({ description: 'decay of the first moment' }),
  beta2: z.number().min(0).lt(1).default(0.999).meta({ description: 'decay of the second moment' }),
  epsilon: epsilonOption(1e-8),
};

/** The option of Adam's ε; its default differs between optimisers. */
export function epsilonOption(fallback: number): z.ZodDefault<z.ZodNumber> {
  return z
    .number()
    .positive()
    .max(1)
    .default(fallback)
    .meta({ description: 'added to the denominator for stability' });
}

/**
 * Adam: m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), and with the bias-corrected m̂ = m/(1 − β₁ᵗ) and
 * v̂ = v/(1 − β₂ᵗ): w ← w − η·m̂/(√v̂ + ε).
 *
 * The bias corrections depend only on the step, so they are folded into the coefficients:
 * η·m̂/(√v̂ + ε) = η·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε·√(1 − β₂ᵗ)).
 *
 * β₁ and β₂ are rounded to float32 first, as in TensorFlow's kernel: otherwise 1 − β₂ in the corrections and in the moments would
 * differ in the fifth digit.
 */
export const adam = defineOptimizer({
  name: 'adam',
  summary: 'adaptive moment estimation',
  source: 'Kingma and Ba, “Adam: a method for stochastic optimization”, 2015',
  options: z.strictObject({
    learningRate: learningRateOption(0.001),
    ...momentOptions,
    ...weightPenaltyOptions,
  }),
  build({ epsilon: smallest, ...options }) {
    const beta2 = Math.fround(options.beta2);
    return {
      learningRate: options.learningRate,
      slots: ['mean', 'variance'],
      coefficients(step, learningRate, momentum = options.beta1) {
        const beta1 = Math.fround(momentum);
        const correction = Math.sqrt(1 - beta2 ** step);
        return {
          rate: (learningRate * correction) / (1 - beta1 ** step),
          epsilon: smallest * correction,
          meanShare: 1 - beta1,
          varianceShare: 1 - beta2,
          beta1,
        };
      },
      update({ parameter, slots }, gradient, coefficients) {
        const direction = withWeightPenalty(gradient, parameter, options);
        const { step, slots: next } = momentStep(slots, direction, coefficients);
        return { parameter: sub(parameter, step), slots: next };
      },
      updateInPlace: ({ parameter }, gradient, { rate, epsilon, beta1 }) => [
        {
          operation: 'ResourceApplyAdam',
          // The first two are β₁ᵗ and β₂ᵗ; with 0 the kernel applies no bias correction, which is in the coefficients already.
          inputs: [0, 0, rate, beta1, beta2, epsilon, withWeightPenalty(gradient, parameter, options)],
        },
      ],
    };
  },
});

/** What Adam subtracts from a parameter, and its next moments. The coefficients are Adam's. */
export function momentStep(
  [mean, variance]: readonly Tensor[],
  gradient: Tensor,
  coefficients: Readonly<Record<'rate' | 'epsilon' | 'meanShare' | 'varianceShare', Scalar>>,
): { step: Tensor; slots: readonly Tensor[] } {
  if (!mean || !variance) throw new Error('Adam needs its two moments');
  const { rate, epsilon, meanShare, varianceShare } = coefficients;
  const nextMean = add(mean, mul(sub(gradient, mean), meanShare));
  const nextVariance = add(variance, mul(sub(square(gradient), variance), varianceShare));
  const step = mul(rate, div(nextMean, add(sqrt(nextVariance), epsilon)));
  return { step, slots: [nextMean, nextVariance] };
}
