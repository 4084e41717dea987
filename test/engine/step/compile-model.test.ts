import '#tfjs-gradients';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';

import { compileModel } from '../../../src/engine/step/compile-model.js';
import { startTensorFlow } from '../../support/training.js';

beforeAll(async () => {
  await startTensorFlow();
});

const images = tf.randomUniform([60, 8, 8, 1], 0, 1, 'float32', 1);
const labels = tf.cast(tf.oneHot(tf.mod(tf.range(0, 60, 1, "int32"), 3), 3), "float32");

function smallNet(rate = 0): tfl.Sequential {
  const kernelInitializer = (seed: number): ReturnType<typeof tfl.initializers.glorotUniform> =>
    tfl.initializers.glorotUniform({ seed });
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: kernelInitializer(1),
      }),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
      tfl.layers.batchNormalization(),
      tfl.layers.flatten(),
      tfl.layers.dropout({ rate }),
      tfl.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: kernelInitializer(2) }),
    ],
  });
}

const settings = (): tfl.ModelCompileArgs => ({
  optimizer: tf.train.adam(0.01, 0.9, 0.999, 1e-4),
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
});

async function fitBoth(rate = 0): Promise<{ models: tfl.Sequential[]; histories: tfl.History['history'][] }> {
  const models = [smallNet(rate), smallNet(rate)];
  const histories: tfl.History['history'][] = [];
  for (const [index, model] of models.entries()) {
    const compiled = compileModel(model, { ...settings(), eager: index === 0, seed: 3 });
    const { history } = (await compiled.fit(images, labels, {
      epochs: 3,
      batchSize: 16,
      shuffle: false,
      validationSplit: 0.2,
      verbose: 0,
    })) as tfl.History;
    histories.push(history);
  }
  return { models, histories };
}

describe('a compiled model', () => {
  it.each([0, 0.4])('fits as the eager one does, with a dropout of %d', async (rate) => {
    const { models, histories } = await fitBoth(rate);
    const [eager, compiled] = models.map((model) => model.getWeights()) as [tf.Tensor[], tf.Tensor[]];
    compiled.forEach((weight, index) => {
      tf.test_util.expectArraysClose(weight.dataSync(), eager[index]!.dataSync(), 1e-5);
    });
    expect(Object.keys(histories[1]!)).toEqual(Object.keys(histories[0]!));
    for (const [name, values] of Object.entries(histories[1]!)) {
      tf.test_util.expectArraysClose(values as number[], histories[0]![name] as number[], 1e-5);
    }
    const [first, second] = models.map((model) => model.predict(images, { batchSize: 25 }) as tf.Tensor);
    tf.test_util.expectArraysClose(second!.dataSync(), first!.dataSync(), 1e-5);
  });
});
