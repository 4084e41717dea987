import {
  abs,
  add,
  div,
  elu,
  exp,
  leakyRelu,
  mul,
  relu,
  relu6,
  selu,
  sigmoid,
  softplus,
  tanh,
  type Tensor,
} from '@tensorflow/tfjs-core';

import { gelu } from '../layers/gelu.js';

/** Of √(2/π) and the cubic term in the approximation of GELU with tanh (Hendrycks and Gimpel, 2016). */
const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** relu6(x · slope + 3) / 6: 0 up to a point, 1 from another, a line between them. */
const hardSigmoid = (input: Tensor, slope: number): Tensor => div(relu6(add(mul(input, slope), 3)), 6);

/** The activation functions of nodes, by name. `slope` is that of leaky-relu below 0, and the factor of elu. */
const functions = {
  relu: (input: Tensor): Tensor => relu(input),
  relu6: (input: Tensor): Tensor => relu6(input),
  'leaky-relu': (input: Tensor, slope = 0.01): Tensor => leakyRelu(input, slope),
  /** x above 0, else slope · (eˣ − 1) */
  elu: (input: Tensor, slope = 1): Tensor =>
    slope === 1 ? elu(input) : add(mul(elu(input), slope), mul(relu(input), 1 - slope)),
  selu: (input: Tensor): Tensor => selu(input),
  tanh: (input: Tensor): Tensor => tanh(input),
  sigmoid: (input: Tensor): Tensor => sigmoid(input),
  /** x · Φ(x), with the distribution function Φ of the normal distribution */
  gelu: (input: Tensor): Tensor => gelu(input),
  'gelu-tanh': (input: Tensor): Tensor => {
    const inner = mul(add(input, mul(mul(mul(input, input), input), GELU_CUBIC)), GELU_SCALE);
    return mul(mul(input, 0.5), add(tanh(inner), 1));
  },
  /** x / (1 + e⁻ˣ), also called SiLU */
  swish: (input: Tensor): Tensor => mul(input, sigmoid(input)),
  mish: (input: Tensor): Tensor => mul(input, tanh(softplus(input))),
  softplus: (input: Tensor): Tensor => softplus(input),
  softsign: (input: Tensor): Tensor => div(input, add(abs(input), 1)),
  exponential: (input: Tensor): Tensor => exp(input),
  /** x/6 + 1/2, cut at 0 and 1: Keras 3 and PyTorch */
  'hard-sigmoid': (input: Tensor): Tensor => hardSigmoid(input, 1),
  /** 0.2 x + 1/2, cut at 0 and 1: Keras 2 and TensorFlow.js */
  'hard-sigmoid-0.2': (input: Tensor): Tensor => hardSigmoid(input, 1.2),
  /** x times the hard sigmoid of Keras 3 and PyTorch */
  'hard-swish': (input: Tensor): Tensor => mul(input, hardSigmoid(input, 1)),
} as const;

export type NodeFunction = keyof typeof functions;

export const nodeFunctions = Object.keys(functions) as [NodeFunction, ...NodeFunction[]];

/** Functions that have a slope. */
export const slopedFunctions: ReadonlySet<NodeFunction> = new Set(['leaky-relu', 'elu']);

/** Applies an activation function of nodes. */
export function applyFunction(name: NodeFunction, input: Tensor, slope?: number): Tensor {
  return slope === undefined ? functions[name](input) : functions[name](input, slope);
}
