import { add, mul, type Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';

/** The option for the learning rate; its default differs between optimisers. */
export function learningRateOption(fallback: number): z.ZodDefault<z.ZodNumber> {
  return z.number().positive().max(1000).default(fallback).meta({ description: 'learning rate' });
}

const weightDecay = z.number().min(0).max(10);

/** Biases and normalisation parameters decay too by default, as in PyTorch. */
const decayBiases = z
  .boolean()
  .default(true)
  .meta({ description: 'weight decay on biases and normalisation parameters' });

/** Weight decay as an L2 penalty: adds decay × parameter to the gradient, as in PyTorch. */
export const weightPenaltyOptions = {
  weightDecay: weightDecay.default(0).meta({ description: 'weight decay: L2 penalty, decoupled for adamw' }),
  decayBiases,
};

/** Decoupled weight decay, which adaptive learning rates do not scale. */
export const decoupledDecayOptions = {
  weightDecay: weightDecay.default(0.01).meta({ description: 'decoupled weight decay' }),
  decayBiases,
};

/** The settings of weight decay. */
export interface WeightDecay {
  weightDecay: number;
  decayBiases: boolean;
}

/** Whether a parameter decays; one of rank 1 is a bias, or a scale or shift of a normalisation. */
export function decays({ shape }: Tensor, { weightDecay, decayBiases }: WeightDecay): boolean {
  return weightDecay > 0 && (decayBiases || shape.length > 1);
}

/** The gradient of the loss plus that of the L2 penalty, if the parameter decays. */
export function withWeightPenalty(gradient: Tensor, parameter: Tensor, settings: WeightDecay): Tensor {
  return decays(parameter, settings) ? add(gradient, mul(parameter, settings.weightDecay)) : gradient;
}
