import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import * as tf from '@tensorflow/tfjs';

import { compileModel } from '../../src/compile.js';
import { useTensorFlow } from '../../src/tensorflow.js';

// `fit` of tf.layers on the small CNN of bench/layers: JSON lines with the seconds of each epoch.
const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '' },
    images: { type: 'string', default: '' },
    batch: { type: 'string', default: '' },
    epochs: { type: 'string', default: '' },
    eager: { type: 'boolean', default: false },
  },
});
const count = Number(values.images);

function read(name: string, header: number): Uint8Array {
  return readFileSync(join(values.data, name)).subarray(header);
}

await useTensorFlow({ device: 'cpu' });
const pixels = Float32Array.from(
  read('train-images-idx3-ubyte', 16).subarray(0, count * 784),
  (value) => value / 255,
);
const images = tf.tensor4d(pixels, [count, 28, 28, 1]);
const labels = tf.tidy(() =>
  tf.oneHot(tf.tensor1d(read('train-labels-idx1-ubyte', 8).subarray(0, count), 'int32'), 10).toFloat(),
);
const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 8, kernelSize: 5, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 10, activation: 'softmax' }),
  ],
});
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
if (!values.eager) compileModel(model);
let started = 0;
let computed = process.cpuUsage();
await model.fit(images, labels, {
  batchSize: Number(values.batch),
  epochs: Number(values.epochs),
  callbacks: {
    onEpochBegin: () => {
      started = performance.now();
      computed = process.cpuUsage();
    },
    onEpochEnd: (epoch, logs) => {
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(computed);
      const line = { epoch, seconds, coreSeconds: (user + system) / 1e6, loss: logs?.['loss'] };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    },
  },
});
