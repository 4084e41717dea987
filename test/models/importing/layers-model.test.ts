import * as tf from '@tensorflow/tfjs';
import { tensor4d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { layersModel } from '../../../src/models/importing/layers-model.js';
import { TrainingVariables } from '../../../src/models/variables.js';
import { startOnCpu } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import { expectClose } from '../../support/numbers.js';

beforeAll(() => startOnCpu('tensorflow'));

const shape = { height: 6, width: 5, channels: 2 };
const task = { shape, classes: 3 };

function net(classes: number): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [6, 5, 2], filters: 4, kernelSize: 3, activation: 'relu' }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: classes }),
    ],
  });
}

const named = { name: 'mine', summary: 'of a test', source: 'a test' };

it('is a model with the layers, and if wanted the weights, of a tf.LayersModel', () => {
  const pixels = Float32Array.from({ length: 2 * 60 }, (_, at) => Math.sin(at));
  let expected: Float32Array | undefined;
  const definition = layersModel({
    ...named,
    keepWeights: true,
    make(_shape, classes) {
      const made = net(classes);
      expected ??= tf.tidy(() =>
        (made.predict(tf.tensor4d(pixels, [2, 6, 5, 2])) as tf.Tensor).dataSync<'float32'>(),
      );
      return made;
    },
  });
  const model = definition.build({}, task);
  const variables = new TrainingVariables(model, [], 1);
  const found = tidy(() => model.apply(tensor4d(pixels, [2, 6, 5, 2]), variables.values()).dataSync());
  expectClose(found, expected!, 1e-5);
  variables.dispose();
  const random = layersModel({ ...named, make: (_shape, classes) => net(classes) }).build({}, task);
  // Whatever was made in the process before.
  const names = model.parameters.map(({ name }) => name);
  expect(names.slice(0, 2)).toEqual(['conv2d_1/kernel', 'conv2d_1/bias']);
  expect(random.parameters.map(({ name }) => name)).toEqual(names);
});

it('is refused for other classes, and with layers that cannot be taken', async () => {
  const wrong = layersModel({ ...named, make: () => net(4) });
  expect((await toolkitError('USAGE', () => wrong.build({}, task))).message).toContain(
    'mine is for 4 classes',
  );
  const recurrent = layersModel({
    ...named,
    make: (_shape, classes) =>
      tf.sequential({
        layers: [
          tf.layers.reshape({ inputShape: [6, 5, 2], targetShape: [6, 10] }),
          tf.layers.lstm({ units: 3, name: 'memory' }),
          tf.layers.dense({ units: classes }),
        ],
      }),
  });
  const { message } = await toolkitError('MODEL_UNSUPPORTED', () => recurrent.build({}, task));
  expect(message).toContain('memory (LSTM)');
});
