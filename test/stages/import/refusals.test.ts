import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { ToolkitError } from '../../../src/core/errors.js';
import { Random } from '../../../src/core/random.js';
import { importModel } from '../../../src/index.js';
import { failureOf, toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { importCase, type ImportCase } from '../../support/imports.js';
import { zip } from '../../support/zip.js';

type Json = Record<string, unknown>;

const places = async (): Promise<{ checkpointsDir: string }> => ({ checkpointsDir: await temporaryFolder() });

async function written(name: string, content: string | Buffer): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

/** Changes the JSON file of a case. */
async function changed(name: string, change: (json: Json) => void): Promise<ImportCase> {
  const found = await importCase(name);
  const path = join(found.folder, 'model.json');
  const json = JSON.parse(await readFile(path, 'utf8')) as Json;
  change(json);
  await writeFile(path, JSON.stringify(json));
  return found;
}

it.each([
  ['net.pt', /a pickle can run any code/],
  ['net.tflite', /a TensorFlow Lite model has no layers/],
  ['net.bin.txt', /unknown file extension/],
])('refuses %s', async (name, reason) => {
  const path = await written(name, 'content');
  expect((await toolkitError('MODEL_UNSUPPORTED', importModel(path, await places()))).message).toMatch(
    reason,
  );
});

/** A model of TensorFlow.js with some layers and no weights. */
const tfjsModel = (layers: Json[]): string =>
  JSON.stringify({
    format: 'layers-model',
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: 'mine',
        layers: [
          { class_name: 'InputLayer', config: { batch_input_shape: [null, 8, 8, 1], name: 'in' } },
          ...layers,
        ],
      },
    },
    weightsManifest: [],
  });

it('names every layer that cannot be imported, with the reason', async () => {
  const layer = (className: string, name: string, config: Json = {}): Json => ({
    class_name: className,
    config: { name, ...config },
  });
  const layers = [
    layer('Lambda', 'mine', { function: 'os.system("true")' }),
    layer('LSTM', 'memory', { units: 3 }),
    layer('Conv2D', 'wide', { filters: 2, kernel_size: 3, dilation_rate: 2 }),
    layer('Conv2D', 'first', { filters: 2, kernel_size: 3, data_format: 'channels_first' }),
    { ...layer('MyLayer', 'own'), registered_name: 'Custom>MyLayer' },
    layer('Flatten', 'flat'),
    layer('Dense', 'head', { units: 3, activation: 'sparkle' }),
  ];
  const path = await written('model.json', tfjsModel(layers));
  const { message } = await toolkitError(
    'MODEL_UNSUPPORTED',
    importModel(path, { ...(await places()), run: 'a' }),
  );
  expect(message).toContain('6 layers are refused');
  for (const part of [
    'mine (Lambda): it holds code, which is never run',
    'memory (LSTM): this kind of layer is not supported',
    'wide (Conv2D): dilation_rate: dilated convolutions have no gradient here',
    'first (Conv2D): data_format: its images have their channels first',
    'own (MyLayer): it is a layer of its author’s own code',
    'head (Dense): the file holds no weights for its kernel',
  ])
    expect(message).toContain(part);
});

it.each<[string, (json: Json) => void, RegExp]>([
  [
    'files outside its folder',
    (json) => (json['weightsManifest'] = [{ paths: ['../../etc/passwd'], weights: [] }]),
    /outside the model's folder/,
  ],
  [
    'weights larger than the files',
    (json) => {
      const [group] = json['weightsManifest'] as { weights: { shape: number[] }[] }[];
      group!.weights[0]!.shape = [2 ** 20, 2 ** 20];
    },
    /its weights need \d+ bytes, but their files have \d+/,
  ],
  [
    'a graph model',
    (json) => (json['format'] = 'graph-model'),
    /a graph model of TensorFlow.js has operations/,
  ],
  ['no topology', (json) => delete json['modelTopology'], /not a model.json of TensorFlow.js/],
])('refuses a model of TensorFlow.js with %s', async (_, change, reason) => {
  const { file } = await changed('tfjs-mnist', change);
  const error = await failureOf(importModel(file, { ...(await places()), run: 'a' }));
  expect(error).toBeInstanceOf(ToolkitError);
  expect((error as ToolkitError).message).toMatch(reason);
});

it.each<[string, (json: Json) => void, RegExp]>([
  [
    'another width',
    (json) => (json['input_shape'] = [1, 28, 30]),
    /"fc1"\): its kernel has the shape \[432, 4\], expected/,
  ],
  [
    'a layer that is not there',
    (json) => (json['layers'] as Json[]).splice(1, 0, { type: 'Swish' }),
    /layers\[1\] \(Swish "Swish2"\): this kind of layer is not supported \(did you mean/,
  ],
  [
    'a size that the weights do not have',
    (json) => ((json['layers'] as Json[])[0]!['kernel_size'] = 5),
    /layers\[0\] \(Conv2d "conv1"\): its kernel_size is 5, and its weight has 3/,
  ],
  ['no layers', (json) => delete json['layers'], /not a description of layers: layers/],
])('refuses a PyTorch model described with %s', async (_, change, reason) => {
  const { file } = await changed('torch-mnist', change);
  const error = await failureOf(importModel(file, { ...(await places()), run: 'a' }));
  expect((error as ToolkitError).message).toMatch(reason);
});

it('says how a PyTorch model is described where nobody has', async () => {
  const { file, folder } = await importCase('torch-mnist');
  await rename(join(folder, 'model.json'), join(folder, 'other.json'));
  const { hint } = await toolkitError('MODEL_UNSUPPORTED', importModel(file, await places()));
  expect(hint).toContain('{"type":"Conv2d","name":"conv1"}');
  const layers = join(folder, 'other.json');
  expect(await importModel(file, { ...(await places()), layers })).toMatchObject({ program: 'PyTorch' });
});

it('refuses weights whose header claims more than the file holds', async () => {
  const { file } = await importCase('torch-mnist');
  await truncate(file, 2000);
  const { message } = await toolkitError('MODEL_UNREADABLE', importModel(file, await places()));
  expect(message).toMatch(/the offsets of tensor .* do not match/);
});

it('refuses a .keras file whose member claims more than the archive can hold', async () => {
  const members = [{ name: 'config.json', content: '{}', isDeflated: true, claimedBytes: 2 ** 31 }];
  const path = await written('net.keras', zip(members));
  const { message } = await toolkitError('MODEL_UNREADABLE', importModel(path, await places()));
  expect(message).toContain('its member config.json claims 2147483648 bytes');
  const incomplete = await written('net.keras', zip([{ name: 'config.json', content: '{}' }]));
  expect((await toolkitError('MODEL_UNREADABLE', importModel(incomplete, await places()))).message).toContain(
    'it has no metadata.json',
  );
});

it('survives damaged HDF5 files', async () => {
  const { file } = await importCase('keras2-graph-h5');
  const intact = await readFile(file);
  const random = new Random(1, 'damage');
  for (let round = 0; round < 8; round++) {
    const bytes = Uint8Array.from(intact);
    // The structure lies at the beginning.
    for (let change = 0; change < 4; change++) bytes[random.integer(4096)] = random.integer(256);
    await writeFile(file, bytes);
    const { checkpointsDir } = await places();
    const outcome = await importModel(file, { checkpointsDir }).catch((error: unknown) => error);
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ToolkitError);
    await rm(checkpointsDir, { recursive: true, force: true });
  }
});
