import { add, mul, sub } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { defineOptimizer } from './optimizer.js';
import { learningRateOption, weightDecayOption, withWeightDecay } from './options.js';

/** Gradient descent with momentum, in PyTorch's and TensorFlow's form: v ← µ·v + g, w ← w − η·v. */
export const momentum = defineOptimizer({
  name: 'momentum',
  summary: 'gradient descent that keeps its direction',
  source: 'Polyak, “Some methods of speeding up the convergence of iteration methods”, 1964',
  options: z.strictObject({
    learningRate: learningRateOption(0.05),
    momentum: z
      .number()
      .min(0)
      .lt(1)
      .default(0.9)
      .meta({ description: 'share of the last step that is kept' }),
    weightDecay: weightDecayOption,
  }),
  build: ({ momentum, weightDecay }) => ({
    slots: ['velocity'],
    coefficients: (_step, learningRate) => [learningRate, momentum],
    update({ parameter, slots: [velocity] }, gradient, [learningRate, share]) {
      if (!velocity || !share) throw new Error('momentum needs its velocity and its share');
      const direction = withWeightDecay(gradient, parameter, weightDecay);
      const next = add(mul(velocity, share), direction);
      return { parameter: sub(parameter, mul(next, learningRate ?? 0)), slots: [next] };
    },
    updateInPlace: ({ parameter }, gradient, [learningRate = 0, share = 0]) => ({
      operation: 'ResourceApplyMomentum',
      inputs: [learningRate, withWeightDecay(gradient, parameter, weightDecay), share],
    }),
  }),
});
