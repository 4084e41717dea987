import {
  mul,
  square,
  sub,
  sum,
  tensor,
  tensor2d,
  tidy,
  variable,
  variableGrads,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import '../../src/engine/tracing/gradients.js';
import { backends } from '../../src/engine/backends/index.js';
import { dense } from '../../src/models/layers/dense.js';
import { sgd } from '../../src/training/optimizers/sgd.js';
import { startOnCpu } from '../support/backends.js';
import { scalarsOf } from '../support/coefficients.js';
import { expectClose } from '../support/numbers.js';

/*
 * One step of backpropagation by hand, through a hidden layer: two inputs, two hidden units, one output, sigmoid σ everywhere, error
 * E = ½(y − t)². The article's own example, of a single neuron, is in article.test.ts.
 *
 * These are the numbers of the example that most tutorials take (Mazur, “A step by step backpropagation example”, 2015), of its first
 * output alone, and with biases that learn too.
 * Every value below was derived with the formulas beside it in decimal arithmetic of 30 digits, and none by this project; those that
 * Mazur prints (z, h, the output, its error, ∂E/∂h₁ and both new weights of the output) are his.
 *
 *   x = (0.05, 0.10)   W₁ = (0.15, 0.20)   W₂ = (0.25, 0.30)   b = (0.35, 0.35)   v = (0.40, 0.45)   c = 0.60   t = 0.01   η = 0.5
 *
 * Forward:
 *   z₁ = 0.15·0.05 + 0.20·0.10 + 0.35 = 0.3775                         h₁ = σ(z₁) = 0.5932699921
 *   z₂ = 0.25·0.05 + 0.30·0.10 + 0.35 = 0.3925                         h₂ = σ(z₂) = 0.5968843783
 *   o  = 0.40·h₁ + 0.45·h₂ + 0.60     = 1.1059059671                   y  = σ(o)  = 0.7513650696
 *   E  = ½(0.7513650696 − 0.01)²      = 0.2748110832
 *
 * Backward:
 *   ∂E/∂o  = (y − t)·y·(1 − y) = 0.7413650696·0.1868156018 = 0.1384985616      = ∂E/∂c
 *   ∂E/∂v  = ∂E/∂o·h           = (0.0821670406, 0.0826676278)
 *   ∂E/∂h  = ∂E/∂o·v           = (0.0553994247, 0.0623243527)
 *   ∂E/∂z  = ∂E/∂h·h·(1 − h)   = (0.0133679204, 0.0149960755)                  = ∂E/∂b
 *   ∂E/∂W₁ = ∂E/∂z₁·x          = (0.0006683960, 0.0013367920)
 *   ∂E/∂W₂ = ∂E/∂z₂·x          = (0.0007498038, 0.0014996075)
 *
 * Step, w ← w − η·∂E/∂w:
 *   W₁ = (0.1496658020, 0.1993316040)   W₂ = (0.2496250981, 0.2992501962)   b = (0.3433160398, 0.3425019623)
 *   v  = (0.3589164797, 0.4086661861)   c  = 0.5307507192
 *   and with these: y = 0.7283521371, E = 0.2580148964
 */

// Kernels are [inputs, units].
const START: Readonly<Record<string, number[]>> = {
  'hidden/kernel': [0.15, 0.25, 0.2, 0.3],
  'hidden/bias': [0.35, 0.35],
  'output/kernel': [0.4, 0.45],
  'output/bias': [0.6],
};

const GRADIENTS: Readonly<Record<string, number[]>> = {
  'hidden/kernel': [0.000668396, 0.0007498038, 0.001336792, 0.0014996075],
  'hidden/bias': [0.0133679204, 0.0149960755],
  'output/kernel': [0.0821670406, 0.0826676278],
  'output/bias': [0.1384985616],
};

const AFTER: Readonly<Record<string, number[]>> = {
  'hidden/kernel': [0.149665802, 0.2496250981, 0.199331604, 0.2992501962],
  'hidden/bias': [0.3433160398, 0.3425019623],
  'output/kernel': [0.3589164797, 0.4086661861],
  'output/bias': [0.5307507192],
};

describe.each(backends.names)('the worked example of two inputs on %s', (backend) => {
  it('gives every intermediate value, gradient and new weight', async () => {
    await startOnCpu(backend);
    const common = { activation: 'sigmoid', initializer: 'fan-in-uniform' } as const;
    const hidden = dense({ name: 'hidden', inputs: 2, units: 2, ...common });
    const output = dense({ name: 'output', inputs: 2, units: 1, ...common });
    const weights = new Map(
      [...hidden.parameters, ...output.parameters].map(({ name, shape }) => {
        const values = Float32Array.from(START[name]!);
        return [name, variable(tensor(values, [...shape]))];
      }),
    );
    const input = tensor2d([[0.05, 0.1]]);
    const predict = (): Tensor => output.apply(hidden.apply(input, weights), weights);
    const error = (): Scalar => mul(sum<Scalar>(square(sub(predict(), 0.01))), 0.5);

    expectClose(
      tidy(() => hidden.apply(input, weights).dataSync()),
      [0.5932699921, 0.5968843783],
      1e-6,
    );
    expectClose(
      tidy(() => predict().dataSync()),
      [0.7513650696],
      1e-6,
    );
    const { value, grads } = variableGrads(error, [...weights.values()]);
    expectClose(value.dataSync(), [0.2748110832], 1e-6);

    const optimizer = sgd.build(sgd.options.parse({}));
    const coefficients = scalarsOf(optimizer.coefficients(1, 0.5));
    expect(weights.size).toBe(4);
    for (const [name, weight] of weights) {
      const gradient = grads[weight.name]!;
      expectClose(gradient.dataSync(), GRADIENTS[name]!, 1e-6, 1e-8);
      weight.assign(optimizer.update({ parameter: weight, slots: [] }, gradient, coefficients).parameter);
      expectClose(weight.dataSync(), AFTER[name]!, 1e-6);
    }
    expectClose(
      tidy(() => predict().dataSync()),
      [0.7283521371],
      1e-6,
    );
    expectClose(
      tidy(() => error().dataSync()),
      [0.2580148964],
      1e-6,
    );
    for (const weight of weights.values()) weight.dispose();
  });
});
