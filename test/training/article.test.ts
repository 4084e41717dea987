import {
  scalar,
  sigmoid,
  squeeze,
  stack,
  tensor,
  tensor1d,
  tensor2d,
  tidy,
  variable,
  variableGrads,
  zerosLike,
} from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import '../../src/engine/tracing/gradients.js';
import { backends } from '../../src/engine/backends/index.js';
import { sparseCrossEntropy } from '../../src/engine/tracing/operations.js';
import { dense } from '../../src/models/layers/dense.js';
import { adam } from '../../src/training/optimizers/adam.js';
import { momentum } from '../../src/training/optimizers/momentum.js';
import type { Optimizer } from '../../src/training/optimizers/optimizer.js';
import { sgd } from '../../src/training/optimizers/sgd.js';
import { startOnCpu } from '../support/backends.js';
import { expectClose } from '../support/numbers.js';

/*
 * The example of the article, section 4.3, computed right: one sigmoid neuron with two inputs, cross-entropy, one step of gradient
 * descent. Where the article's own numbers are wrong: docs/article.md. It gives neither inputs nor a label, so these are ours.
 * Every number below was computed by the formula beside it in decimal arithmetic of 40 digits, and none by this project.
 *
 *   w = (0.1, 0.2)   b = 0.3   x = (1, 2)   y = 1   α = 0.01
 *
 *   z      = 0.1·1 + 0.2·2 + 0.3 = 0.8         ŷ = σ(z) = 0.6899744811
 *   L      = −ln ŷ               = 0.3711006659
 *   ∂L/∂z  = ŷ − y               = −0.3100255189   = ∂L/∂b
 *   ∂L/∂w  = (ŷ − y)·x           = (−0.3100255189, −0.6200510377)
 *   w − α·∂L/∂w = (0.1031002552, 0.2062005104)      b − α·∂L/∂b = 0.3031002552
 *   and with these: ŷ = 0.6939394033, L = 0.3653706373
 */
const STEP = {
  'neuron/kernel': {
    start: [0.1, 0.2],
    gradient: [-0.3100255189, -0.6200510377],
    after: [0.1031002552, 0.2062005104],
  },
  'neuron/bias': { start: [0.3], gradient: [-0.3100255189], after: [0.3031002552] },
} as const;

/** One step of an optimizer on a weight with a gradient, and what it remembers. */
function step(
  optimizer: Optimizer,
  number: number,
  rate: number,
  weight: Tensor,
  slots: Tensor[],
  gradient: Tensor,
) {
  const coefficients = Object.fromEntries(
    Object.entries(optimizer.coefficients(number, rate)).map(([name, value]) => [name, scalar(value)]),
  );
  return optimizer.update({ parameter: weight, slots }, gradient, coefficients);
}

/** A weight of 1 after each of some steps with the gradient 1. */
function descend(optimizer: Optimizer, steps: number, rate: number): number[] {
  const gradient = scalar(1);
  let state = {
    parameter: scalar(1) as Tensor,
    slots: optimizer.slots.map(() => zerosLike(gradient) as Tensor),
  };
  return Array.from({ length: steps }, (_, index) => {
    state = step(optimizer, index + 1, rate, state.parameter, state.slots, gradient) as typeof state;
    return state.parameter.dataSync()[0]!;
  });
}

describe.each(backends.names)('the example of the article on %s', (backend) => {
  it('gives every intermediate value, gradient and new weight', async () => {
    await startOnCpu(backend);
    const neuron = dense({
      name: 'neuron',
      inputs: 2,
      units: 1,
      initializer: 'fan-in-uniform',
    });
    const weights = new Map<string, Variable>(
      neuron.parameters.map(({ name, shape }) => {
        const { start } = STEP[name as keyof typeof STEP];
        return [name, variable(tensor([...start], [...shape]))];
      }),
    );
    const input = tensor2d([[1, 2]]);
    const logit = (): Tensor1D => squeeze(neuron.apply(input, weights) as Tensor2D, [1]);
    // A softmax over the logits 0 and z is the sigmoid of z.
    const loss = (): Scalar => {
      const logits = stack([zerosLike(logit()), logit()], 1) as Tensor2D;
      return squeeze(sparseCrossEntropy(logits, tensor1d([1], 'int32')));
    };
    const output = (): ArrayLike<number> => tidy(() => sigmoid(logit()).dataSync());

    expectClose(output(), [0.6899744811], 1e-6);
    const { value, grads } = variableGrads(loss, [...weights.values()]);
    expectClose(value.dataSync(), [0.3711006659], 1e-6);
    const optimizer = sgd.build(sgd.options.parse({}));
    expect(weights.size).toBe(2);
    for (const [name, weight] of weights) {
      const { gradient, after } = STEP[name as keyof typeof STEP];
      expectClose(grads[weight.name]!.dataSync(), gradient, 1e-6);
      weight.assign(step(optimizer, 1, 0.01, weight, [], grads[weight.name]!).parameter);
      expectClose(weight.dataSync(), after, 1e-6);
    }
    expectClose(output(), [0.6939394033], 1e-6);
    expectClose(
      tidy(() => loss().dataSync()),
      [0.3653706373],
      1e-6,
    );
    for (const weight of weights.values()) weight.dispose();
  });

  it('moves on in the direction of the last steps with momentum: 0.01, then 1.9 and 2.71 times as far', async () => {
    await startOnCpu(backend);
    const weights = tidy(() => descend(momentum.build(momentum.options.parse({})), 3, 0.01));
    expectClose(weights, [0.99, 0.971, 0.9439], 1e-6);
  });

  it('steps by the learning rate with Adam, from the first step on: its moments are bias-corrected', async () => {
    await startOnCpu(backend);
    const weights = tidy(() => descend(adam.build(adam.options.parse({})), 3, 0.01));
    // Without the correction the first step were 0.1/√0.001 = 3.16 times as large.
    expectClose(weights, [0.99, 0.98, 0.97], 1e-5);
  });
});
