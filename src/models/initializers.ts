import type { Random } from '../core/random.js';

/** How the weights of a layer start. Each takes the number of a unit's inputs and outputs. */
export interface Initializer {
  kernel: (random: Random, count: number, fanIn: number, fanOut: number) => Float32Array;
  bias: (random: Random, count: number, fanIn: number) => Float32Array;
}

const zeros = (_random: Random, count: number): Float32Array => new Float32Array(count);

const withinFanIn = (random: Random, count: number, fanIn: number): Float32Array =>
  random.uniformArray(count, 1 / Math.sqrt(fanIn));

/** The ways to start a layer's weights, by name. */
export const initializers = {
  /** U(−1/√inputs, 1/√inputs) for weights and biases, as PyTorch's nn.Linear and nn.Conv2d start. */
  'fan-in-uniform': { kernel: withinFanIn, bias: withinFanIn },
  /** Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010. */
  'glorot-uniform': {
    kernel: (random, count, fanIn, fanOut) => random.uniformArray(count, Math.sqrt(6 / (fanIn + fanOut))),
    bias: zeros,
  },
  /** He et al., "Delving deep into rectifiers", 2015: for ReLU. */
  'he-normal': {
    kernel: (random, count, fanIn) => random.normalArray(count, Math.sqrt(2 / fanIn)),
    bias: zeros,
  },
} as const satisfies Record<string, Initializer>;

export type InitializerName = keyof typeof initializers;

export const initializerNames = Object.keys(initializers) as [InitializerName, ...InitializerName[]];
