import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { LoadedGraphModel } from '../../../src/deployment/tfjs/load-graph-model.js';
import { tfjs } from '../../../src/deployment/targets/tfjs.js';
import { startOnCpu } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import { untrainedSource } from '../../support/exported.js';
import { temporaryFolder } from '../../support/folders.js';
import { expectClose } from '../../support/numbers.js';

const SMALL = { filters: [3, 4], denseUnits: 8 };

it('a graph model answers on TensorFlow.js alone as the model does on TensorFlow, in colour and not square', async () => {
  const shape = { height: 12, width: 16, channels: 3 };
  const { source, images, probabilities } = await untrainedSource('cnn', SMALL, { shape });
  const folder = await temporaryFolder();
  const exported = await tfjs.export(source, {}, folder);
  await exported.dispose();
  await startOnCpu('cpu');
  const loaded = await LoadedGraphModel.load(folder);
  expectClose(await loaded.classify(images), probabilities, 1e-5);
  loaded.dispose();
});

it('weights are split into files that browsers cache, none larger than 4 MiB', async () => {
  const { source } = await untrainedSource('mlp', { hiddenLayers: [1500] });
  const folder = await temporaryFolder();
  await (await tfjs.export(source, {}, folder)).dispose();
  const model = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as {
    weightsManifest: { paths: string[] }[];
  };
  const { paths } = model.weightsManifest[0]!;
  expect(paths).toEqual(['group1-shard1of2.bin', 'group1-shard2of2.bin']);
  const sizes = await Promise.all(paths.map(async (path) => (await readFile(join(folder, path))).length));
  expect(sizes[0]).toBe(4 * 2 ** 20);
});

it('a backend that records no graph is refused', async () => {
  const { source } = await untrainedSource('mlp');
  const backend = { ...source.backend, name: 'cpu' };
  await toolkitError('BACKEND_UNAVAILABLE', tfjs.export({ ...source, backend }, {}, await temporaryFolder()));
});
