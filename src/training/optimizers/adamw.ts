import { mul, sub } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { adam, momentOptions } from './adam.js';
import { defineOptimizer, type InPlaceUpdate } from './optimizer.js';
import { decays, decoupledDecayOptions, learningRateOption } from './options.js';

/**
 * Adam with decoupled weight decay: w ← w − η·λ·w, and then Adam's step. As an L2 penalty, the decay would be normalised by the recent
 * gradients like every step of Adam, and would barely affect weights with large gradients.
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
        const decayUpdate: InPlaceUpdate = {
          operation: 'ResourceApplyGradientDescent',
          withoutSlots: true,
          inputs: [decay, parameter],
        };
        const steps = inner.updateInPlace!({ parameter, slots }, gradient, coefficients);
        return decays(parameter, options) ? [decayUpdate, ...steps] : steps;
      },
    };
  },
});
