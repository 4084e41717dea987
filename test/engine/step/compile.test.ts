import * as tf from '@tensorflow/tfjs-core';
import '#tfjs-gradients';
import { beforeAll, describe, expect, it } from 'vitest';

import { compile } from '../../../src/engine/step/compile.js';
import { startTensorFlow } from '../../support/training.js';

beforeAll(async () => {
  await startTensorFlow();
});

/** A small regression, with its variables in their first state. */
function regression(optimizer: tf.Optimizer): {
  weights: tf.Variable;
  bias: tf.Variable;
  train: (x: tf.Tensor2D, y: tf.Tensor2D) => tf.Scalar;
} {
  const weights = tf.variable(tf.tensor2d([0.5, -0.25, 0.125], [3, 1]));
  const bias = tf.variable(tf.zeros([1]));
  const train = (x: tf.Tensor2D, y: tf.Tensor2D): tf.Scalar =>
    optimizer.minimize(
      () => tf.mean(tf.squaredDifference(tf.add(tf.matMul(x, weights as tf.Tensor2D), bias), y)),
      true,
      [weights, bias],
    )!;
  return { weights, bias, train };
}

const x = (seed: number): tf.Tensor2D => tf.randomUniform([8, 3], -1, 1, 'float32', seed);
const y = (seed: number): tf.Tensor2D => tf.randomUniform([8, 1], -1, 1, 'float32', seed);

describe('a compiled step', () => {
  it.each([
    ['sgd', () => tf.train.sgd(0.1)],
    ['momentum', () => tf.train.momentum(0.1, 0.9)],
    ['adam', () => tf.train.adam(0.01)],
    ['adamax', () => tf.train.adamax(0.01)],
    ['adagrad', () => tf.train.adagrad(0.1)],
    ['adadelta', () => tf.train.adadelta(0.1)],
    ['rmsprop', () => tf.train.rmsprop(0.01)],
  ])('trains as the eager one does, with %s, and counts its steps', (_, make) => {
    const optimizers = [make(), make()] as const;
    const [eager, compiled] = optimizers.map(regression) as [
      ReturnType<typeof regression>,
      ReturnType<typeof regression>,
    ];
    const step = compile(compiled.train);
    for (let turn = 0; turn < 10; turn++) {
      const [features, targets] = [x(turn + 1), y(turn + 1)];
      const [first, second] = [eager.train(features, targets), step(features, targets)];
      expect(second.dataSync()[0]).toBeCloseTo(first.dataSync()[0]!, 6);
      tf.dispose([features, targets, first, second]);
    }
    expect(step.programs).toBe(1);
    tf.test_util.expectArraysClose(compiled.weights.dataSync(), eager.weights.dataSync(), 1e-6);
    tf.test_util.expectArraysClose(compiled.bias.dataSync(), eager.bias.dataSync(), 1e-6);
    expect(optimizers[1].iterations).toBe(optimizers[0].iterations);
    step.dispose();
  });
});
