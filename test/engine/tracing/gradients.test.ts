import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import '../../../src/engine/tracing/gradients.js';
import { startOnCpu } from '../../support/backends.js';

for (const backend of ['tensorflow', 'cpu']) {
  describe(`gradients of gradients, on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it('of a bias: c ↦ Σ (∂/∂c Σ (1 + c)²)² over three rows has the gradient 72 (1 + c)', () => {
      const ones = tf.ones([3, 2]);
      const slope = tf.grad((c: tf.Tensor) => tf.sum(tf.square(tf.add(ones, c))));
      const penalty = tf.grad((c: tf.Tensor) => tf.sum(tf.square(slope(c))));
      expect(penalty(tf.tensor1d([0.5, 2])).arraySync()).toEqual([108, 216]);
    });

    it.each([
      // The derivative of each activation at 0 or, of relu, above: the penalty is (slope · w)², its gradient 2 · slope² · w.
      ['relu', tf.relu, 1, 1],
      ['tanh', tf.tanh, 0, 1],
      ['sigmoid', tf.sigmoid, 0, 0.25],
    ])('of a penalty on the gradient of a net with %s, for its last weights', (_, activation, at, slope) => {
      const x = tf.fill([1, 2], at);
      const penalty = tf.grad((weights: tf.Tensor) =>
        tf.sum(tf.square(tf.grad((input: tf.Tensor) => tf.sum(tf.matMul(activation(input), weights)))(x))),
      );
      const weights = tf.tensor2d([3, -2], [2, 1]);
      const expected = [2 * slope ** 2 * 3, 2 * slope ** 2 * -2];
      tf.test_util.expectArraysClose(penalty(weights).dataSync(), expected, 1e-6);
    });
  });
}
