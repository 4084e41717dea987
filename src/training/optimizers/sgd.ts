import { mul, sub } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { defineOptimizer } from './optimizer.js';
import { learningRateOption, weightPenaltyOptions, withWeightPenalty } from './options.js';

/** Stochastic gradient descent: w ← w − η·g. */
export const sgd = defineOptimizer({
  name: 'sgd',
  summary: 'stochastic gradient descent',
  source: 'Robbins and Monro, “A stochastic approximation method”, 1951',
  options: z.strictObject({ learningRate: learningRateOption(0.1), ...weightPenaltyOptions }),
  build: (options) => ({
    learningRate: options.learningRate,
    slots: [],
    coefficients: (_step, learningRate) => ({ learningRate }),
    update({ parameter }, gradient, { learningRate }) {
      const direction = withWeightPenalty(gradient, parameter, options);
      return { parameter: sub(parameter, mul(direction, learningRate)), slots: [] };
    },
    updateInPlace: ({ parameter }, gradient, { learningRate }) => [
      {
        operation: 'ResourceApplyGradientDescent',
        inputs: [learningRate, withWeightPenalty(gradient, parameter, options)],
      },
    ],
  }),
});
