import { mul, sub } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { adam, momentOptions } from './adam.js';
import { defineOptimizer, type InPlaceUpdate } from './optimizer.js';
import { decays, decoupledDecayOptions, learningRateOption } from './options.js';

/**
 * Adam with weight decay apart from the gradient: w ← w − η·λ·w, and then Adam's step. As an L2 penalty the decay would be divided by
 * the size of recent gradients, like all of Adam's steps, and hardly act on weights whose gradients are large.
 */
export const adamw = defineOptimizer({
  name: 'adamw',
  summary: 'Adam with decoupled weight decay',
  source: 'Loshchilov and Hutter, “Decoupled weight decay regularization”, 2019',
  options: z.strictObject({
    learningRate: learningRateOption(0.001),
    ...momentOptions,
    ...decoupledDecayOptions,
  }),
  build(options) {
    const inner = adam.build({ ...options, weightDecay: 0 });
    return {
      learningRate: options.learningRate,
      slots: inner.slots,
      coefficients: (step, learningRate, momentum) => ({
        decay: learningRate * options.weightDecay,
        ...inner.coefficients(step, learningRate, momentum),
      }),
      update({ parameter, slots }, gradient, { decay, ...coefficients }) {
        const decayed = decays(parameter, options) ? sub(parameter, mul(parameter, decay)) : parameter;
        return inner.update({ parameter: decayed, slots }, gradient, coefficients);
      },
      updateInPlace({ parameter, slots }, gradient, { decay, ...coefficients }) {
        const decaying: InPlaceUpdate = {
          operation: 'ResourceApplyGradientDescent',
          withoutSlots: true,
          inputs: [decay, parameter],
        };
        const steps = inner.updateInPlace!({ parameter, slots }, gradient, coefficients);
        return decays(parameter, options) ? [decaying, ...steps] : steps;
      },
    };
  },
});
