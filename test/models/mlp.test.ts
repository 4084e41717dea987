import { tensor1d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { Random } from '../../src/core/random.js';
import { mlp } from '../../src/models/mlp.js';
import { parameterCount } from '../../src/models/model.js';
import { lossAndGradients } from '../../src/training/step.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { startOnCpu } from '../support/backends.js';
import { expectClose } from '../support/numbers.js';
import { smallNet } from '../support/small-model.js';

beforeAll(() => startOnCpu('tensorflow'));

/** The mean cross-entropy of a net with tanh between its layers, in double precision; parameters as [kernel, bias, …]. */
function referenceLoss(
  sizes: number[],
  parameters: Float64Array[],
  inputs: number[][],
  labels: number[],
): number {
  const losses = inputs.map((input, row) => {
    let values = input;
    for (let layer = 0; layer + 1 < sizes.length; layer++) {
      const [fanIn = 0, units = 0] = sizes.slice(layer);
      const kernel = parameters[2 * layer]!;
      const bias = parameters[2 * layer + 1]!;
      values = Array.from({ length: units }, (_, unit) => {
        let sum = bias[unit]!;
        for (let from = 0; from < fanIn; from++) sum += values[from]! * kernel[from * units + unit]!;
        return layer + 2 < sizes.length ? Math.tanh(sum) : sum;
      });
    }
    const total = values.reduce((sum, value) => sum + Math.exp(value), 0);
    return Math.log(total) - values[labels[row]!]!;
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describe('mlp', () => {
  it('has the article’s net as its default', () => {
    const task = { shape: { height: 28, width: 28, channels: 1 }, classes: 10 };
    const model = mlp.build(mlp.options.parse({}), task);
    expect(model.description).toBe('784-128-64-10, relu');
    expect(model.parameters.map(({ name, shape }) => [name, ...shape])).toEqual([
      ['dense1/kernel', 784, 128],
      ['dense1/bias', 128],
      ['dense2/kernel', 128, 64],
      ['dense2/bias', 64],
      ['dense3/kernel', 64, 10],
      ['dense3/bias', 10],
    ]);
    expect(parameterCount(model)).toBe(784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10);
  });

  it('without hidden layers is a linear classifier', () => {
    const model = smallNet(3, [], 2);
    expect(model.parameters.map(({ shape }) => shape)).toEqual([[3, 2], [2]]);
  });

  it('has the loss and the gradients that finite differences of a reference implementation have', () => {
    const sizes = [6, 5, 4, 3];
    const rows = 8;
    const random = new Random(1, 'gradients');
    const inputs = Array.from({ length: rows }, () => [...random.normalArray(6, 1)]);
    const labels = inputs.map(() => random.integer(3));
    const model = smallNet(6, [5, 4], 3);
    const variables = new TrainingVariables(model, [], 42);
    const parameters = model.parameters.map(({ initialValue }, index) =>
      Float64Array.from(initialValue(new Random(42, 'initial-weights', index))),
    );

    const computed = tidy(() => {
      const images = tensor4d(inputs.flat(), [rows, 1, 6, 1]);
      const batch = { images, labels: tensor1d(labels, 'int32') };
      const { loss, correct, gradients } = lossAndGradients(model, variables, batch);
      correct.dispose();
      return {
        loss: loss.dataSync()[0]!,
        gradients: variables.parameters.map(({ value }) => gradients[value.name]!.dataSync()),
      };
    });

    expectClose([computed.loss], [referenceLoss(sizes, parameters, inputs, labels)], 1e-6);
    const step = 1e-5;
    parameters.forEach((parameter, index) => {
      const differences = parameter.map((value, position) => {
        const lossAt = (moved: number): number => {
          const changed = parameter.slice();
          changed[position] = moved;
          return referenceLoss(sizes, parameters.with(index, changed), inputs, labels);
        };
        return (lossAt(value + step) - lossAt(value - step)) / (2 * step);
      });
      expectClose(computed.gradients[index]!, differences, 1e-4, 1e-6);
    });
    variables.dispose();
  });
});
