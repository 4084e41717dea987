import { tensor4d, tidy, type Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, it } from 'vitest';

import type { Checkpoint } from '../../src/artifacts/checkpoint.js';
import { Random } from '../../src/core/random.js';
import type { DeploymentSource } from '../../src/deployment/source.js';
import { softmaxRows } from '../../src/evaluation/probabilities.js';
import { features } from '../../src/models/features/index.js';
import { models } from '../../src/models/index.js';
import { buildModelOnFeatures } from '../../src/models/load-model.js';
import { onnx } from '../../src/deployment/targets/onnx.js';
import { savedmodel } from '../../src/deployment/targets/savedmodel.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { startOnCpu } from '../support/backends.js';
import { checkpointDescription } from '../support/checkpoints.js';
import { temporaryFolder } from '../support/folders.js';
import { expectClose } from '../support/numbers.js';

const shape = { height: 28, width: 28, channels: 1 };
const classes = 3;
const scaling = { scaling: 'minus-one-one', scale: 2 / 255, offset: -1 };

const RAW = { name: 'raw' };
/** What is not a default, but takes other operations. */
const variants: [name: string, options: object, features: { name: string }][] = [
  ...models.names.map((name): [string, object, typeof RAW] => [name, {}, RAW]),
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

let backend: DeploymentSource['backend'];

beforeAll(async () => {
  backend = await startOnCpu('tensorflow');
});

it.each(variants)(
  '%s %o on %o is the same as an ONNX model and as a SavedModel',
  async (name, options, shown) => {
    const random = new Random(1, 'pixels');
    const pixels = Uint8Array.from({ length: 5 * 784 }, () => random.integer(256));
    const images = { count: 5, shape, pixels, labels: new Uint8Array(5) };
    const fitting = { images, indices: Int32Array.of(0, 1, 2, 3, 4), scaling, seed: 3 };
    const fitted = features.require(shown.name).fit?.(shown as never, fitting);
    const settings = { name, ...models.require(name).options.parse(options) };
    const model = buildModelOnFeatures(settings as never, shown as never, { shape, classes }, fitted);
    const variables = new TrainingVariables(model, [], 3);
    const values = variables.values();
    const description = checkpointDescription({
      shape,
      classNames: ['a', 'b', 'c'],
      preprocessing: scaling,
    });
    const forward = (input: Tensor4D): ReturnType<typeof model.apply> => model.apply(input, values);
    // Exports need no more of a source than this.
    const source = { checkpoint: { description } as Checkpoint, backend, forward } as DeploymentSource;
    const logits = tidy(() => {
      const scaled = Float32Array.from(pixels, (pixel) => (pixel * 2) / 255 - 1);
      return forward(tensor4d(scaled, [5, 28, 28, 1])).dataSync<'float32'>();
    });
    for (const target of [onnx, savedmodel]) {
      const exported = await target.export(
        source,
        target.options.parse({}) as never,
        await temporaryFolder(),
      );
      expectClose(await exported.classify(images), softmaxRows(logits, classes), 1e-5);
      await exported.dispose();
    }
    variables.dispose();
  },
);
