import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { rewrite } from '../../../src/engine/rewriting/rewrite.js';
import { compile } from '../../../src/engine/step/compile.js';
import { refuseArgument } from '../../../src/engine/step/refusal.js';
import { eagerTensorFlow, traceStep } from '../../../src/engine/step/step-trace.js';
import { flatten } from '../../../src/engine/step/structure.js';
import { startTensorFlow } from '../../support/training.js';

type Step = (...values: tf.Tensor[]) => tf.Tensor[];

beforeAll(async () => {
  await startTensorFlow();
});

/** The names of a step's operations, before and after they are rewritten. */
function namesOf(step: Step, ...given: tf.Tensor[]): [before: string[], after: string[]] {
  const trace = traceStep(eagerTensorFlow()!, step, flatten(given, refuseArgument));
  const kept = [...trace.results, ...trace.assigned.values()];
  return [trace.operations.map(({ name }) => name), rewrite(trace.operations, kept).map(({ name }) => name)];
}

/** The gradients of the sum of squares of what a function of an image, a filter and a bias gives. */
function gradientsOf(run: (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor) => tf.Tensor): Step {
  return (...given) =>
    tf.grads((...values: tf.Tensor[]) => {
      const [image, weights, shift] = values as [tf.Tensor4D, tf.Tensor4D, tf.Tensor];
      return tf.sum(tf.square(run(image, weights, tf.reshape(shift, [3]))));
    })(given);
}

const convolve = (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor): tf.Tensor4D =>
  tf.relu(tf.add(tf.conv2d(x, filter, 1, 'valid'), bias));

const image = (): tf.Tensor4D => tf.randomUniform([4, 9, 9, 2], -1, 1, 'float32', 1);
const filter = (): tf.Tensor4D => tf.randomUniform([3, 3, 2, 3], -1, 1, 'float32', 2);
const bias = (): tf.Tensor4D => tf.tensor4d([0.3, -0.2, -9], [1, 1, 1, 3]);

describe('max pooling of ReLU', () => {
  const pooled = gradientsOf((...values) => tf.maxPool(convolve(...values), 3, 2, 'same'));

  it('comes before ReLU, where there is a gradient', () => {
    const [before, after] = namesOf(pooled, image(), filter(), bias());
    const order = ({ length }: string[], names: string[]): string[] =>
      names.filter((name) => /Relu|MaxPool|BiasAddGrad/.test(name)).slice(0, length);
    expect(order(before, before)).toEqual(['Relu', 'MaxPool', 'MaxPoolGrad', 'ReluGrad', 'BiasAddGrad']);
    expect(order(after, after)).toEqual(['MaxPool', 'Relu', 'ReluGrad', 'MaxPoolGrad', 'BiasAddGrad']);
  });

  it('gives the same gradients bit by bit, and that of the bias within rounding', () => {
    const given = [image(), filter(), bias()];
    const step = compile(pooled);
    const [eager, compiled] = [pooled(...given), step(...given)];
    expect(compiled[0]!.dataSync()).toEqual(eager[0]!.dataSync());
    expect(compiled[1]!.dataSync()).toEqual(eager[1]!.dataSync());
    tf.test_util.expectArraysClose(compiled[2]!.dataSync(), eager[2]!.dataSync(), 1e-4);
    // The third filter's outputs are all below 0: nothing flows back.
    expect(compiled[2]!.dataSync()[2]).toBe(0);
    step.dispose();
  });

  it('stays where ReLU’s result is of other use too, and in a forward pass', () => {
    const twice = gradientsOf((...values) => {
      const y = convolve(...values);
      return tf.concat([tf.reshape(tf.maxPool(y, 2, 2, 'valid'), [-1]), tf.reshape(y, [-1])]);
    });
    const forward = (x: tf.Tensor4D, weights: tf.Tensor4D): tf.Tensor[] => [
      tf.maxPool(tf.relu(tf.conv2d(x, weights, 1, 'valid')), 2, 2, 'valid'),
    ];
    for (const step of [twice, forward as Step]) {
      const [before, after] = namesOf(step, image(), filter(), bias());
      expect(after).toEqual(before);
    }
  });
});

describe('the products of tf.layers', () => {
  const dense = (...[a, b]: tf.Tensor[]): tf.Tensor =>
    tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, activation: 'linear' });
  const step: Step = (...given) => tf.grads((...values) => tf.sum(tf.square(dense(...values))))(given);
  const given = (): tf.Tensor[] => [
    tf.randomUniform([5, 4], -1, 1, 'float32', 3),
    tf.randomUniform([4, 6], -1, 1, 'float32', 4),
  ];

  it('are those of matrices', () => {
    const [before, after] = namesOf(step, ...given());
    expect(before.filter((name) => name === 'BatchMatMulV2')).toHaveLength(3);
    expect(after).not.toContain('BatchMatMulV2');
    expect(after.filter((name) => name === 'MatMul')).toHaveLength(3);
  });

  it('are the same', () => {
    const values = given();
    const compiled = compile(step);
    const [eager, found] = [step(...values), compiled(...values)];
    found.forEach((gradient, index) => {
      expect(gradient.shape).toEqual(eager[index]!.shape);
      tf.test_util.expectArraysClose(gradient.dataSync(), eager[index]!.dataSync(), 1e-6);
    });
    compiled.dispose();
  });

  it('of several matrices stay', () => {
    const many = (x: tf.Tensor3D, y: tf.Tensor3D): tf.Tensor[] => [tf.matMul(x, y)];
    const cubes = [tf.ones([2, 3, 4]), tf.ones([2, 4, 3])];
    expect(namesOf(many as Step, ...cubes)[1]).toContain('BatchMatMulV2');
  });
});
