// Logistic regression, written with operations: the step changes two variables, and gives its loss.
import * as tf from '@tensorflow/tfjs';
import { compile } from 'mnist-train/compile';
import { useTensorFlow } from 'mnist-train/tensorflow';

import { compare } from './compare.mjs';

const STEPS = 300;

async function prepare(eager) {
  const x = tf.randomNormal([256, 20], 0, 1, 'float32', 1);
  const y = tf.tidy(() =>
    x
      .matMul(tf.randomNormal([20, 1], 0, 1, 'float32', 2))
      .greater(0)
      .toFloat(),
  );
  const weights = tf.variable(tf.zeros([20, 1]));
  const bias = tf.variable(tf.scalar(0));
  const optimizer = tf.train.momentum(0.1, 0.9);
  const loss = (features, labels) =>
    tf.losses.sigmoidCrossEntropy(labels, features.matMul(weights).add(bias));
  const step = compile(
    (features, labels) => optimizer.minimize(() => loss(features, labels), true, [weights, bias]),
    { eager },
  );
  return {
    async train() {
      const losses = [];
      for (let turn = 0; turn < STEPS; turn++) losses.push(step(x, y));
      return [tf.stack(losses), weights.clone(), bias.clone()];
    },
  };
}

await useTensorFlow();
await compare('logistic regression', prepare);
