// Word embeddings by predicting a word's neighbours (Mikolov et al., "Efficient estimation of word representations", 2013).
import * as tf from '@tensorflow/tfjs';
import { compile } from 'mnist-train/compile';
import { useTensorFlow } from 'mnist-train/tensorflow';

import { compare } from './compare.mjs';

const TEXT = `the king rules the land and the queen rules the land
the king loves the queen and the queen loves the king
the dog chases the cat and the cat chases the mouse
the dog eats the meat and the mouse eats the cheese`;
const EPOCHS = 100;
const SIZE = 8;

/** Each word with each of its neighbours, as numbers. */
function pairs() {
  const words = TEXT.split(/\s+/);
  const known = [...new Set(words)];
  const numbers = words.map((word) => known.indexOf(word));
  const found = numbers.flatMap((word, at) =>
    [at - 2, at - 1, at + 1, at + 2]
      .filter((other) => other in numbers)
      .map((other) => [word, numbers[other]]),
  );
  return { count: known.length, pairs: found };
}

async function prepare(eager) {
  const { count, pairs: found } = pairs();
  const words = tf.tensor1d(
    found.map(([word]) => word),
    'int32',
  );
  const neighbours = tf.tensor1d(
    found.map(([, neighbour]) => neighbour),
    'int32',
  );
  const embeddings = tf.variable(tf.randomUniform([count, SIZE], -0.5, 0.5, 'float32', 1));
  const output = tf.variable(tf.randomUniform([SIZE, count], -0.5, 0.5, 'float32', 2));
  const optimizer = tf.train.adam(0.01, 0.9, 0.999, 1e-3);
  const step = compile(
    (inputs, targets) =>
      optimizer.minimize(
        () => {
          const scores = tf.gather(embeddings, inputs).matMul(output);
          return tf.losses.softmaxCrossEntropy(tf.oneHot(targets, count), scores);
        },
        true,
        [embeddings, output],
      ),
    { eager },
  );
  return {
    async train() {
      const losses = [];
      for (let epoch = 0; epoch < EPOCHS; epoch++) losses.push(step(words, neighbours));
      return [tf.stack(losses), embeddings.clone(), output.clone()];
    },
  };
}

await useTensorFlow();
await compare('word embeddings', prepare);
