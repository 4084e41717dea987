import { add, div, mul, sub } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { adam, epsilonOption, momentOptions, momentStep } from './adam.js';
import { defineOptimizer } from './optimizer.js';
import { decays, decoupledDecayOptions, learningRateOption } from './options.js';
import { isAdapted, normOf, ratioOr1 } from './trust-ratio.js';

/**
 * Layer-wise adaptive moments: Adam's direction with decoupled weight decay, r = m̂ ÷ (√v̂ + ε) + λ·w, scaled, layer by layer, to the size of the
 * weights: w ← w − η·(‖w‖ ÷ ‖r‖)·r.
 */
export const lamb = defineOptimizer({
  name: 'lamb',
  summary: 'Adam with layer-wise rates, for large batches',
  source: 'You et al., “Large batch optimization for deep learning: training BERT in 76 minutes”, 2020',
  options: z.strictObject({
    learningRate: learningRateOption(0.005),
    ...momentOptions,
    epsilon: epsilonOption(1e-6),
    ...decoupledDecayOptions,
  }),
  build(options) {
    const inner = adam.build({ ...options, weightDecay: 0 });
    return {
      learningRate: options.learningRate,
      slots: inner.slots,
      coefficients: (step, learningRate, momentum) => ({
        learningRate,
        // Adam's direction is its step with rate 1.
        ...inner.coefficients(step, 1, momentum),
      }),
      update({ parameter, slots }, gradient, { learningRate, ...coefficients }) {
        const { step, slots: next } = momentStep(slots, gradient, coefficients);
        let direction = decays(parameter, options) ? add(step, mul(parameter, options.weightDecay)) : step;
        if (isAdapted(parameter)) {
          const [size, length] = [normOf(parameter), normOf(direction)];
          direction = mul(direction, ratioOr1(div(size, length), [size, length]));
        }
        return { parameter: sub(parameter, mul(direction, learningRate)), slots: next };
      },
    };
  },
});
