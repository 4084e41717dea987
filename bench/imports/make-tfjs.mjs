// Makes layers models of TensorFlow.js with the probabilities that they give: what `mnist import` is compared with.
//   node make-tfjs.mjs FOLDER [--small]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as tf from '@tensorflow/tfjs';

const [folder] = process.argv.slice(2);
const isSmall = process.argv.includes('--small');
const images = isSmall ? 3 : 100;
const size = (full, little) => (isSmall ? little : full);
await tf.setBackend('cpu');

async function write(name, model, [height, width, channels]) {
  const count = images * height * width * channels;
  const pixels = Uint8Array.from({ length: count }, (_, at) => (at * 73 + Math.floor(at / 31) * 17) % 256);
  const scaled = tf.tensor4d(
    Float32Array.from(pixels, (pixel) => pixel / 255),
    [images, height, width, channels],
  );
  const probabilities = model.predict(scaled).dataSync();
  const place = join(folder, `tfjs-${name}`);
  mkdirSync(place, { recursive: true });
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData, generatedBy, format }) => {
      const weightsManifest = [{ paths: ['group1-shard1of1.bin'], weights: weightSpecs }];
      writeFileSync(
        join(place, 'model.json'),
        JSON.stringify({ format, generatedBy, modelTopology, weightsManifest }),
      );
      writeFileSync(join(place, 'group1-shard1of1.bin'), new Uint8Array(weightData));
      return {};
    }),
  );
  writeFileSync(join(place, 'pixels.bin'), pixels);
  writeFileSync(join(place, 'probabilities.bin'), new Uint8Array(Float32Array.from(probabilities).buffer));
  const shape = [height, width, channels];
  const classes = probabilities.length / images;
  writeFileSync(
    join(place, 'case.json'),
    JSON.stringify({ file: 'model.json', shape, classes, options: {} }),
  );
}

const seeded = (seed) =>
  tf.initializers.varianceScaling({ scale: 1, mode: 'fanAvg', distribution: 'normal', seed });

// tfjs-examples, mnist.
const mnist = tf.sequential();
mnist.add(
  tf.layers.conv2d({
    ...{ inputShape: [28, 28, 1], kernelSize: 5, filters: size(8, 2), strides: 1, activation: 'relu' },
    kernelInitializer: seeded(1),
  }),
);
mnist.add(tf.layers.maxPooling2d({ poolSize: [2, 2], strides: [2, 2] }));
mnist.add(
  tf.layers.conv2d({
    ...{ kernelSize: 5, filters: size(16, 3), strides: 1, activation: 'relu' },
    kernelInitializer: seeded(2),
  }),
);
mnist.add(tf.layers.maxPooling2d({ poolSize: [2, 2], strides: [2, 2] }));
mnist.add(tf.layers.flatten());
mnist.add(tf.layers.dense({ units: 10, kernelInitializer: seeded(3), activation: 'softmax' }));
await write('mnist', mnist, [28, 28, 1]);

const input = tf.input({ shape: [10, 12, 3] });
const first = tf.layers
  .conv2d({
    filters: 4,
    kernelSize: 3,
    padding: 'same',
    activation: 'hardSigmoid',
    kernelInitializer: seeded(4),
  })
  .apply(input);
const normalized = tf.layers
  .batchNormalization({ movingVarianceInitializer: 'ones', scale: false })
  .apply(first);
const separable = tf.layers
  .separableConv2d({
    ...{ filters: 4, kernelSize: 3, padding: 'same' },
    depthwiseInitializer: seeded(5),
    pointwiseInitializer: seeded(6),
  })
  .apply(normalized);
const sum = tf.layers.add().apply([separable, normalized]);
const both = tf.layers
  .concatenate()
  .apply([
    tf.layers.globalAveragePooling2d({}).apply(sum),
    tf.layers.globalMaxPooling2d({}).apply(tf.layers.leakyReLU({ alpha: 0.2 }).apply(sum)),
  ]);
const output = tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: seeded(7) }).apply(both);
await write('graph', tf.model({ inputs: input, outputs: output }), [10, 12, 3]);
