import { it } from 'vitest';

import { features } from '../../src/models/features/index.js';
import { models } from '../../src/models/index.js';
import { onnx } from '../../src/deployment/targets/onnx.js';
import { savedmodel } from '../../src/deployment/targets/savedmodel.js';
import { tfjs } from '../../src/deployment/targets/tfjs.js';
import { tflite } from '../../src/deployment/targets/tflite.js';
import { untrainedSource } from '../support/exported.js';
import { temporaryFolder } from '../support/folders.js';
import { narrow } from '../support/narrow.js';
import { expectClose } from '../support/numbers.js';

const RAW = { name: 'raw' };
const usual = { height: 28, width: 28, channels: 1 };
/** For models whose size grows quickly with the image's. */
const small = { height: 10, width: 10, channels: 1 };

/** In colour, and not square. */
const wide = { height: 10, width: 15, channels: 3 };

/** What is not a default, but takes other operations. */
const variants: [name: string, options: object, features: { name: string }][] = [
  ...[...models].map((model): [string, object, typeof RAW] => [model.name, narrow(model), RAW]),
  ['rnn', { cell: 'gru', depth: 2, units: 8, bidirectional: true }, RAW],
  [
    'stack',
    {
      layers: [
        { type: 'convolution', filters: 3, stride: 2, padding: 'same' },
        { type: 'depthwise-convolution', depthMultiplier: 2, stride: 2, padding: 'same' },
        { type: 'separable-convolution', filters: 4, kernelSize: 2 },
        { type: 'global-average-pooling' },
      ],
    },
    RAW,
  ],
  ['transformer', { width: 8, depth: 1, heads: 2, patchSize: 5, pooling: 'class-token' }, RAW],
  ['mlp', {}, { name: 'pca', ...features.require('pca').options.parse({ pcaComponents: 4 }) }],
  ['mlp', {}, { name: 'hog', ...features.require('hog').options.parse({}) }],
  ['mlp', { hiddenLayers: [] }, { name: 'scattering', ...features.require('scattering').options.parse({}) }],
];

it.each(variants)(
  '%s %o on %o is the same as an ONNX model, a SavedModel, a graph model and a TFLite model',
  async (name, options, shown) => {
    const shape = name === 'rnn' || shown.name === 'scattering' ? small : usual;
    await expectSame(name, options, { shape, shown });
  },
);

it.each([...models].map((model) => [model.name, model] as const))(
  '%s is the same in each format for wide images in colour',
  async (name, model) => {
    const patches = name === 'transformer' ? { patchSize: 5 } : {};
    await expectSame(name, { ...narrow(model), ...patches }, { shape: wide });
  },
);

async function expectSame(...exported: Parameters<typeof untrainedSource>): Promise<void> {
  const { source, images, probabilities } = await untrainedSource(...exported);
  for (const target of [onnx, savedmodel, tfjs, tflite]) {
    const made = await target.export(
      source,
      target.options.parse(target === tflite ? { formats: ['float32'] } : {}) as never,
      await temporaryFolder(),
    );
    expectClose(await made.classify(images), probabilities, 1e-5);
    await made.dispose();
  }
}
