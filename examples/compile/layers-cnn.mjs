// A convolutional net of tf.layers: compileModel compiles its own fit, evaluate and predict.
import * as tf from '@tensorflow/tfjs';
import { compileModel } from 'mnist-train/compile';
import { useTensorFlow } from 'mnist-train/tensorflow';

import { compare } from './compare.mjs';

/** Squares and circles of 16 × 16 pixels, at places that follow from their number. */
function pictures(count) {
  const pixels = tf.buffer([count, 16, 16, 1]);
  for (let picture = 0; picture < count; picture++) {
    const [middleX, middleY] = [5 + (picture % 7), 5 + ((picture * 3) % 7)];
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        const [dx, dy] = [Math.abs(x - middleX), Math.abs(y - middleY)];
        const isInside = picture % 2 === 0 ? Math.max(dx, dy) <= 3 : Math.hypot(dx, dy) <= 3.5;
        if (isInside) pixels.set(1, picture, y, x, 0);
      }
    }
  }
  const kinds = Int32Array.from({ length: count }, (_, picture) => picture % 2);
  return { images: pixels.toTensor(), labels: tf.oneHot(tf.tensor1d(kinds, 'int32'), 2).toFloat() };
}

async function prepare(eager) {
  const { images, labels } = pictures(320);
  const seeded = (seed) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [16, 16, 1],
        filters: 8,
        kernelSize: 3,
        activation: 'relu',
        ...seeded(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dropout({ rate: 0.25 }),
      tf.layers.dense({ units: 2, activation: 'softmax', ...seeded(2) }),
    ],
  });
  const { fit, evaluate, predict } = compileModel(model, {
    optimizer: tf.train.sgd(0.05),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    seed: 7,
    eager,
  });
  return {
    async train() {
      const { history } = await fit(images, labels, {
        epochs: 3,
        batchSize: 32,
        shuffle: false,
        validationSplit: 0.2,
        verbose: 0,
      });
      const curves = Object.values(history).map((values) => tf.tensor1d(values));
      return [...curves, ...evaluate(images, labels), predict(images), ...model.getWeights().map(tf.clone)];
    },
  };
}

await useTensorFlow();
await compare('convolutional net of tf.layers', prepare);
