import { add, mul, type Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';

/** The learning rate, whose best value differs between optimisers. */
export function learningRateOption(fallback: number): z.ZodDefault<z.ZodNumber> {
  return z.number().positive().max(1000).default(fallback).meta({ description: 'size of a step' });
}

/** Weight decay as an L2 penalty: the penalty's gradient, decay × parameter, is added to the loss's (as in PyTorch). */
export const weightDecayOption = z
  .number()
  .min(0)
  .max(10)
  .default(0)
  .meta({ description: 'L2 penalty on the weights' });

/** The gradient of the loss with its weight-decay penalty. */
export function withWeightDecay(gradient: Tensor, parameter: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
}
