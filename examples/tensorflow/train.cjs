// Linear regression on native TensorFlow, from CommonJS and with @tensorflow/tfjs-core alone.
const tf = require('@tensorflow/tfjs-core');
const { useTensorFlow } = require('mnist-train/tensorflow');

async function main() {
  const { version, device } = await useTensorFlow({ threads: 1 });
  console.log(`TensorFlow ${version} on ${device}`);

  const x = tf.linspace(-1, 1, 100);
  const y = tf.add(tf.mul(x, 3), 0.5);
  const slope = tf.variable(tf.scalar(0));
  const offset = tf.variable(tf.scalar(0));
  const loss = () => tf.losses.meanSquaredError(y, tf.add(tf.mul(slope, x), offset));

  const optimizer = tf.train.sgd(0.5);
  for (let step = 0; step < 50; step++) optimizer.minimize(loss);
  console.log(`y = ${slope.dataSync()[0].toFixed(3)} x + ${offset.dataSync()[0].toFixed(3)}`);
}

main();
