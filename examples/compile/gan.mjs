// A small generative adversarial net (Goodfellow et al., "Generative adversarial networks", 2014): one step trains both of its parts.
import * as tf from '@tensorflow/tfjs';
import { compile, RandomStream } from 'mnist-train/compile';
import { useTensorFlow } from 'mnist-train/tensorflow';

import { compare } from './compare.mjs';

const STEPS = 100;
const BATCH = 64;

function dense(units, activation, seed, inputShape) {
  const kernelInitializer = tf.initializers.glorotUniform({ seed });
  return tf.layers.dense({ units, activation, kernelInitializer, inputShape });
}

async function prepare(eager) {
  const generator = tf.sequential({ layers: [dense(32, 'relu', 1, [4]), dense(2, 'linear', 2)] });
  const judge = tf.sequential({ layers: [dense(32, 'relu', 3, [2]), dense(1, 'linear', 4)] });
  const optimizers = { generator: tf.train.sgd(0.05), judge: tf.train.sgd(0.05) };
  const variablesOf = (model) => model.trainableWeights.map((weight) => weight.read());
  // tf.randomNormal would be drawn once, when the step is recorded.
  const random = new RandomStream(5);
  const loss = (target, points) =>
    tf.losses.sigmoidCrossEntropy(tf.fill([BATCH, 1], target), judge.apply(points));

  const step = compile(
    (real) => {
      const judgeLoss = optimizers.judge.minimize(
        () => tf.add(loss(1, real), loss(0, generator.apply(random.normal([BATCH, 4])))),
        true,
        variablesOf(judge),
      );
      const generatorLoss = optimizers.generator.minimize(
        () => loss(1, generator.apply(random.normal([BATCH, 4]))),
        true,
        variablesOf(generator),
      );
      return { judgeLoss, generatorLoss };
    },
    { eager },
  );
  // Points of a circle.
  const angles = tf.randomUniform([BATCH], 0, 2 * Math.PI, 'float32', 6);
  const circle = tf.stack([angles.cos(), angles.sin()], 1);
  return {
    async train() {
      const losses = [];
      for (let turn = 0; turn < STEPS; turn++) {
        const { judgeLoss, generatorLoss } = step(circle);
        losses.push(judgeLoss, generatorLoss);
      }
      return [tf.stack(losses), ...generator.getWeights().map(tf.clone), ...judge.getWeights().map(tf.clone)];
    },
  };
}

await useTensorFlow();
await compare('generative adversarial net', prepare);
