import { relu, sigmoid, tanh, type Tensor } from '@tensorflow/tfjs-core';

import { gelu } from './layers/gelu.js';

/** The activation functions, by name. */
export const activations = {
  /** max(0, x) */
  relu: (input: Tensor): Tensor => relu(input),
  /** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), from −1 to 1 */
  tanh: (input: Tensor): Tensor => tanh(input),
  /** 1 / (1 + e⁻ˣ), from 0 to 1 */
  sigmoid: (input: Tensor): Tensor => sigmoid(input),
  /** x · Φ(x), with the distribution function Φ of the normal distribution */
  gelu: (input: Tensor): Tensor => gelu(input),
} as const;

export type ActivationName = keyof typeof activations;

export const activationNames = Object.keys(activations) as [ActivationName, ...ActivationName[]];
