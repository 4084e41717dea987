// A custom optimizer: Lion, which steps by the sign of an average of gradients.
// mnist train --optimizer ./optimizer.mjs --learning-rate 0.0003
import {
  decoupledDecayOptions,
  decays,
  defineOptimizer,
  learningRateOption,
  tf,
  z,
} from 'mnist-train/plugins';

export default defineOptimizer({
  name: 'lion',
  summary: 'evolved sign momentum',
  source: 'Chen et al., “Symbolic discovery of optimization algorithms”, 2023',
  options: z.strictObject({
    learningRate: learningRateOption(0.0003),
    beta1: z
      .number()
      .min(0)
      .lt(1)
      .default(0.9)
      .meta({ description: 'share of the average in the direction' }),
    beta2: z.number().min(0).lt(1).default(0.99).meta({ description: 'decay of the average' }),
    ...decoupledDecayOptions,
  }),
  build({ learningRate, beta1, beta2, ...decay }) {
    return {
      learningRate,
      slots: ['mean'],
      coefficients: (step, rate, momentum = beta1) => ({
        rate,
        momentum,
        decay: 1 - rate * decay.weightDecay,
      }),
      update({ parameter, slots: [mean] }, gradient, coefficients) {
        const direction = tf.sign(tf.add(tf.mul(coefficients.momentum, tf.sub(mean, gradient)), gradient));
        const kept = decays(parameter, decay) ? tf.mul(parameter, coefficients.decay) : parameter;
        return {
          parameter: tf.sub(kept, tf.mul(coefficients.rate, direction)),
          slots: [tf.add(mean, tf.mul(tf.sub(gradient, mean), 1 - beta2))],
        };
      },
    };
  },
});
