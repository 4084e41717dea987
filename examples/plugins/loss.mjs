// A custom loss: generalised cross-entropy, robust to label noise.
// mnist train --loss ./loss.mjs --exponent 0.7
import { defineLoss, tf, weightsOf, z } from 'mnist-train/plugins';

export default defineLoss({
  name: 'generalised-cross-entropy',
  summary: 'cross-entropy that is robust to label noise',
  source: 'Zhang and Sabuncu, “Generalized cross entropy loss”, 2018',
  options: z.strictObject({
    exponent: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.7)
      .meta({ description: '1: mean absolute error; towards 0: cross-entropy' }),
  }),
  build({ exponent }, weights) {
    return (logits, labels) => {
      const isLabel = tf.oneHot(labels, logits.shape[1]);
      const right = tf.sum(tf.mul(isLabel, tf.softmax(logits)), 1);
      const losses = tf.div(tf.sub(1, tf.pow(tf.maximum(right, 1e-7), exponent)), exponent);
      return weights ? tf.mul(losses, weightsOf(labels, weights)) : losses;
    };
  },
});
