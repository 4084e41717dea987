import { add, matMul, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

import { activations, type ActivationName } from '../activations.js';
import { initializers, type InitializerName } from '../initializers.js';
import { valueOf, type Layer } from './layer.js';

export interface DenseOptions {
  name: string;
  inputs: number;
  units: number;
  activation?: ActivationName | undefined;
  initializer: InitializerName;
}

/** A fully connected layer: activation(input · kernel + bias), with kernel [inputs, units] and bias [units]. */
export function dense({ name, inputs, units, activation, initializer }: DenseOptions): Layer {
  const kernel = `${name}/kernel`;
  const bias = `${name}/bias`;
  const start = initializers[initializer];
  return {
    outputShape: [units],
    parameters: [
      {
        name: kernel,
        shape: [inputs, units],
        initialValue: (random) => start.kernel(random, inputs * units, inputs, units),
      },
      { name: bias, shape: [units], initialValue: (random) => start.bias(random, units, inputs) },
    ],
    apply(input, values) {
      const product = matMul(input as Tensor2D, valueOf(values, kernel) as Tensor2D);
      const sum: Tensor = add(product, valueOf(values, bias));
      return activation === undefined ? sum : activations[activation](sum);
    },
  };
}
