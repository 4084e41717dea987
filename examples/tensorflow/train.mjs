// Trains a tf.layers model on native TensorFlow. Only lines (1) and (2) differ from a program for another backend of TensorFlow.js.
import * as tf from '@tensorflow/tfjs';
import { useTensorFlow } from 'mnist-train/tensorflow'; // (1)

const { version, device, threads } = await useTensorFlow(); // (2)
console.log(`TensorFlow ${version} on ${device}, ${threads} threads`);

/** Points on the arms of two spirals, and the arm of each. */
function spirals(count) {
  const points = [];
  const arms = [];
  for (let index = 0; index < count; index++) {
    const arm = index % 2;
    const radius = 0.1 + (0.9 * index) / count;
    const angle = 5 * radius + Math.PI * arm;
    points.push([radius * Math.cos(angle), radius * Math.sin(angle)]);
    arms.push([arm]);
  }
  return { points: tf.tensor2d(points), arms: tf.tensor2d(arms) };
}

const dense = (units, activation, more = {}) =>
  tf.layers.dense({
    units,
    activation,
    kernelInitializer: tf.initializers.heNormal({ seed: 1 + units }),
    ...more,
  });
const model = tf.sequential({
  layers: [dense(32, 'relu', { inputShape: [2] }), dense(16, 'relu'), dense(1, 'sigmoid')],
});
model.compile({ optimizer: tf.train.adam(0.02), loss: 'binaryCrossentropy', metrics: ['accuracy'] });

const { points, arms } = spirals(512);
const { history } = await model.fit(points, arms, { epochs: 40, batchSize: 64, shuffle: true, verbose: 0 });
console.log(`loss ${history.loss.at(-1).toFixed(4)}, accuracy ${history.acc.at(-1).toFixed(3)}`);
