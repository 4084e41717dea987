import { add, mul, sub } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { defineOptimizer } from './optimizer.js';
import { learningRateOption, weightPenaltyOptions, withWeightPenalty } from './options.js';

/**
 * Gradient descent with momentum, as in PyTorch and TensorFlow: v ← µ·v + g, w ← w − η·v. With Nesterov momentum:
 * w ← w − η·(g + µ·v) with the new v (Sutskever et al., “On the importance of initialization and momentum in deep learning”, 2013).
 */
export const momentum = defineOptimizer({
  name: 'momentum',
  summary: 'gradient descent with momentum',
  source: 'Polyak, “Some methods of speeding up the convergence of iteration methods”, 1964',
  options: z.strictObject({
    learningRate: learningRateOption(0.05),
    momentum: z.number().min(0).lt(1).default(0.9).meta({ description: 'momentum coefficient' }),
    nesterov: z.boolean().default(false).meta({ description: 'use Nesterov momentum' }),
    ...weightPenaltyOptions,
  }),
  build: ({ momentum, nesterov, ...options }) => ({
    learningRate: options.learningRate,
    slots: ['velocity'],
    coefficients: (_step, learningRate, mu = momentum) => ({ learningRate, momentum: mu }),
    update({ parameter, slots: [velocity] }, gradient, { learningRate, momentum: mu }) {
      if (!velocity) throw new Error('momentum needs its velocity');
      const direction = withWeightPenalty(gradient, parameter, options);
      const next = add(mul(velocity, mu), direction);
      const step = nesterov ? add(direction, mul(next, mu)) : next;
      return { parameter: sub(parameter, mul(step, learningRate)), slots: [next] };
    },
    updateInPlace: ({ parameter }, gradient, { learningRate, momentum: mu }) => [
      {
        operation: 'ResourceApplyMomentum',
        inputs: [learningRate, withWeightPenalty(gradient, parameter, options), mu],
        flags: nesterov ? ['use_nesterov'] : [],
      },
    ],
  }),
});
