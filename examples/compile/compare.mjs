// What the examples of this folder share: each trains twice from the same start, operation by operation and compiled.
import * as tf from '@tensorflow/tfjs';

/**
 * Trains with the eager and with the compiled program, and prints both times and how far the results are apart.
 *
 * @param {string} name
 * @param {(eager: boolean) => Promise<{ train: () => Promise<tf.Tensor[]> }>} prepare makes what is trained, always the same;
 *   `train` gives the losses and weights
 */
export async function compare(name, prepare) {
  const [eager, compiled] = [await timed(await prepare(true)), await timed(await prepare(false))];
  const differences = eager.results.map((result, index) =>
    largestDifference(result, compiled.results[index]),
  );
  const times = `eager ${eager.milliseconds.toFixed(0)} ms, compiled ${compiled.milliseconds.toFixed(0)} ms`;
  console.log(`${name}: ${times}, largest difference ${Math.max(...differences).toExponential(1)}`);
}

/** The second of two runs is timed: the first holds what is done once. */
async function timed({ train }) {
  const first = await train();
  const started = performance.now();
  const results = await train();
  const milliseconds = performance.now() - started;
  tf.dispose(first);
  return { milliseconds, results };
}

/** How far two tensors are apart, next to the larger of their values. */
function largestDifference(one, other) {
  return tf.tidy(() => {
    const size = tf.maximum(tf.max(tf.abs(one)), 1);
    return tf
      .max(tf.abs(tf.sub(one, other)))
      .div(size)
      .dataSync()[0];
  });
}
