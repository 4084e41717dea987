import type { Random } from '../core/random.js';

/** Initial values of a layer's weights. The functions take the numbers of inputs and outputs (fan-in and fan-out). */
export interface Initializer {
  /** The values of a kernel. */
  kernel: (random: Random, count: number, fanIn: number, fanOut: number) => Float32Array;
  /** The values of a bias. */
  bias: (random: Random, count: number, fanIn: number) => Float32Array;
}

const zeros = (_random: Random, count: number): Float32Array => new Float32Array(count);

const withinFanIn = (random: Random, count: number, fanIn: number): Float32Array =>
  random.uniformArray(count, 1 / Math.sqrt(fanIn));

/** The names of the weight initialisers. */
export type InitializerName = 'fan-in-uniform' | 'glorot-uniform' | 'he-normal';

/** The weight initialisers, by name. */
export const initializers: Readonly<Record<InitializerName, Initializer>> = {
  /** U(−1/√inputs, 1/√inputs) for weights and biases, the default of PyTorch's nn.Linear and nn.Conv2d. */
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
};

export const initializerNames = Object.keys(initializers) as [InitializerName, ...InitializerName[]];
