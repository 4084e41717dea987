import { memory, tensor1d, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import type { Optimizer } from '../../src/training/optimizers/optimizer.js';
import { stepCoefficients } from '../../src/training/step.js';
import { optimizers } from '../../src/training/optimizers/index.js';
import { startOnCpu } from '../support/backends.js';
import { scalarsOf } from '../support/coefficients.js';

beforeAll(() => startOnCpu('tensorflow'));

/** Minimises (x − 1)² + 4 (y + 2)² from 0. */
function minimise(optimizer: Optimizer, learningRate: number, steps: number): number[] {
  let state: Float32Array[] = [new Float32Array(2), ...optimizer.slots.map(() => new Float32Array(2))];
  for (let step = 1; step <= steps; step++) {
    state = tidy(() => {
      const [parameter, ...slots] = state.map((values) => tensor1d(values));
      const [x = 0, y = 0] = state[0]!;
      const gradient = tensor1d([2 * (x - 1), 8 * (y + 2)]);
      const coefficients = scalarsOf(optimizer.coefficients(step, learningRate));
      const next = optimizer.update({ parameter: parameter!, slots }, gradient, coefficients);
      expect(next.slots).toHaveLength(optimizer.slots.length);
      return [next.parameter, ...next.slots].map((value: Tensor) => value.dataSync<'float32'>());
    });
  }
  return [...state[0]!];
}

for (const definition of optimizers) {
  describe(`the optimiser ${definition.name}`, () => {
    const optimizer: Optimizer = definition.build(definition.options.parse({ weightDecay: 0 }) as never);

    it('finds the minimum of a quadratic function, and leaves no tensor behind', () => {
      const before = memory().numTensors;
      const [x, y] = minimise(optimizer, 0.02, 500);
      expect(x).toBeCloseTo(1, 2);
      expect(y).toBeCloseTo(-2, 2);
      expect(memory().numTensors).toBe(before);
    });

    it('names its state', () => {
      expect(new Set(optimizer.slots).size).toBe(optimizer.slots.length);
      for (const slot of optimizer.slots) expect(slot).toMatch(/^[a-z][a-z-]*$/);
    });

    it('keeps the learning rate of its options', () => {
      const options = definition.options.parse({ learningRate: 0.125 });
      expect(definition.build(options as never).learningRate).toBe(0.125);
    });

    it('has the same finite coefficients in the same order at every step, and leaves the names of the step alone', () => {
      const names = Object.keys(optimizer.coefficients(1, 0.1));
      for (const step of [1, 2, 1000, 1e7]) {
        const coefficients = optimizer.coefficients(step, 0.1);
        expect(Object.keys(coefficients)).toEqual(names);
        expect(Object.values(coefficients).every(Number.isFinite)).toBe(true);
        expect(Object.keys(stepCoefficients(optimizer, step, 0.1, { averageWeights: 0.9 }))).toEqual([
          ...names,
          'averageShare',
          'stepNumber',
        ]);
      }
    });

    it('shrinks a parameter by weight decay where the gradient is 0', () => {
      const decaying = definition.build(definition.options.parse({ weightDecay: 0.1 }) as never);
      const parameterAfter = (chosen: Optimizer): number =>
        tidy(() => {
          const slots = chosen.slots.map(() => tensor1d([0]));
          const coefficients = scalarsOf(chosen.coefficients(1, 0.1));
          const state = { parameter: tensor1d([3]), slots };
          return chosen.update(state, tensor1d([0]), coefficients).parameter.dataSync()[0]!;
        });
      expect(parameterAfter(optimizer)).toBe(3);
      expect(parameterAfter(decaying)).toBeLessThan(3);
    });
  });
}
