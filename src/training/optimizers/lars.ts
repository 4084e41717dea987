import { add, div, mul } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { momentum } from './momentum.js';
import { defineOptimizer } from './optimizer.js';
import { decays, learningRateOption, weightPenaltyOptions, withWeightPenalty } from './options.js';
import { isAdapted, normOf, ratioOr1 } from './trust-ratio.js';

/** Added to the norm of the gradient, as timm does. */
const SMALLEST_NORM = 1e-8;

/**
 * Layer-wise adaptive rate scaling: momentum whose gradients are scaled, layer by layer, by λ = τ·‖w‖ ÷ (‖g‖ + β·‖w‖) with the weight decay β, so
 * that each step changes a layer by a share of its own size: v ← µ·v + λ·(g + β·w), w ← w − η·v. The learning rate is outside of the
 * velocity, as in `momentum`; the paper has it inside, which differs only while it changes.
 */
export const lars = defineOptimizer({
  name: 'lars',
  summary: 'momentum with layer-wise rates, for large batches',
  source: 'You, Gitman and Ginsburg, “Large batch training of convolutional networks”, 2017',
  options: z.strictObject({
    learningRate: learningRateOption(1),
    momentum: momentum.options.shape.momentum,
    trustCoefficient: z
      .number()
      .positive()
      .max(1)
      .default(0.001)
      .meta({ description: 'share of a layer’s norm that a step of rate 1 changes' }),
    ...weightPenaltyOptions,
  }),
  build({ trustCoefficient, ...options }) {
    const inner = momentum.build({ ...options, weightDecay: 0, nesterov: false });
    return {
      learningRate: options.learningRate,
      slots: inner.slots,
      coefficients: (step, learningRate, mu) => inner.coefficients(step, learningRate, mu),
      update({ parameter, slots }, gradient, coefficients) {
        let direction = withWeightPenalty(gradient, parameter, options);
        if (isAdapted(parameter)) {
          const [size, slope] = [normOf(parameter), normOf(gradient)];
          const decay = decays(parameter, options) ? options.weightDecay : 0;
          const whole = add(add(slope, mul(size, decay)), SMALLEST_NORM);
          const rate = ratioOr1(div(mul(size, trustCoefficient), whole), [size, slope]);
          direction = mul(direction, rate);
        }
        return inner.update({ parameter, slots }, direction, coefficients);
      },
    };
  },
});
