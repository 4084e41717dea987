import { add, mul, type Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';

/** The learning rate, whose best value differs between optimisers. */
export function learningRateOption(fallback: number): z.ZodDefault<z.ZodNumber> {
  return z.number().positive().max(1000).default(fallback).meta({ description: 'learning rate' });
}

const weightDecay = z.number().min(0).max(10);

/** By default biases and the scales and shifts of a normalisation decay too, as in PyTorch. */
const decayBiases = z
  .boolean()
  .default(true)
  .meta({ description: 'weight decay on biases and normalisation parameters' });

/** Weight decay as an L2 penalty: the penalty's gradient, decay × parameter, is added to the loss's (as in PyTorch). */
export const weightPenaltyOptions = {
  weightDecay: weightDecay.default(0).meta({ description: 'weight decay: L2 penalty, decoupled for adamw' }),
  decayBiases,
};

/** Weight decay apart from the gradient, on which adaptive steps do not act. */
export const decoupledDecayOptions = {
  weightDecay: weightDecay.default(0.01).meta({ description: 'decoupled weight decay' }),
  decayBiases,
};

export interface WeightDecay {
  weightDecay: number;
  decayBiases: boolean;
}

/** Whether a parameter decays. What has a number for each unit or channel alone is a bias, or a normalisation's scale or shift. */
export function decays({ shape }: Tensor, { weightDecay, decayBiases }: WeightDecay): boolean {
  return weightDecay > 0 && (decayBiases || shape.length > 1);
}

/** The gradient of the loss with its weight-decay penalty. */
export function withWeightPenalty(gradient: Tensor, parameter: Tensor, settings: WeightDecay): Tensor {
  return decays(parameter, settings) ? add(gradient, mul(parameter, settings.weightDecay)) : gradient;
}
