import { add, matMul, reshape, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import { activations, type ActivationName } from '../activations.js';
import { initializers, type InitializerName } from '../initializers.js';
import type { ParameterSpec } from '../model.js';
import { valueOf, type Layer } from './layer.js';

export interface DenseOptions {
  name: string;
  inputs: number;
  units: number;
  activation?: ActivationName | undefined;
  initializer: InitializerName;
  /** Leading dimensions of an example: the layer is applied to each token of a sequence. */
  leading?: readonly number[];
  /** Whether it adds a bias, true by default; before a normalisation it has no effect. */
  hasBias?: boolean;
}

/** A fully connected layer: activation(input · kernel + bias), with kernel [inputs, units] and bias [units]. */
export function dense(options: DenseOptions): Layer {
  const { name, inputs, units, activation, initializer, leading = [], hasBias = true } = options;
  const kernel = `${name}/kernel`;
  const bias = `${name}/bias`;
  const start = initializers[initializer];
  const biases: ParameterSpec = {
    name: bias,
    shape: [units],
    initialValue: (random) => start.bias(random, units, inputs),
  };
  return {
    outputShape: [...leading, units],
    parameters: [
      {
        name: kernel,
        shape: [inputs, units],
        initialValue: (random) => start.kernel(random, inputs * units, inputs, units),
      },
      ...(hasBias ? [biases] : []),
    ],
    apply(input, values) {
      const { rank, shape } = input;
      const rows = rank === 2 ? input : reshape(input, [elementCount(shape.slice(0, -1)), inputs]);
      const product = matMul(rows as Tensor2D, valueOf(values, kernel) as Tensor2D);
      const sum: Tensor = hasBias ? add(product, valueOf(values, bias)) : product;
      const output = activation === undefined ? sum : activations[activation](sum);
      return rank === 2 ? output : reshape(output, [...shape.slice(0, -1), units]);
    },
  };
}
