import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, inject, it } from 'vitest';

import {
  findPrepared,
  preparedFolder,
  writePrepared,
  type PreparedDescription,
} from '../../src/artifacts/prepared.js';
import { encodeSafetensors, type StoredTensor } from '../../src/artifacts/safetensors.js';
import type { LabelledImages } from '../../src/core/images.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

const shape = { height: 2, width: 1, channels: 1 };
const train: LabelledImages = {
  count: 3,
  shape,
  pixels: Uint8Array.of(1, 2, 3, 4, 5, 6),
  labels: Uint8Array.of(0, 1, 1),
};
const tested: LabelledImages = { count: 1, shape, pixels: Uint8Array.of(9, 8), labels: Uint8Array.of(1) };
const description: PreparedDescription = {
  format: 'mnist-train/prepared',
  version: 1,
  dataset: 'mine',
  classNames: ['no', 'yes'],
  shape,
  defaults: { scaling: 'standardize', validationSplit: 0.1, seed: 1 },
  fingerprint: 'f'.repeat(64),
  licence: 'none',
  origin: 'made up',
};

it('what is written can be read', async () => {
  const dataDir = await temporaryFolder();
  const path = await writePrepared(dataDir, description, train, tested);
  expect(dirname(path)).toBe(preparedFolder(dataDir, 'mine'));
  const found = await findPrepared(dataDir, 'mine');
  expect(found).toMatchObject({ ...description, path });
  expect(found?.train).toMatchObject({ count: 3, shape });
  expect([...found!.train.pixels]).toEqual([...train.pixels]);
  expect([...found!.train.labels]).toEqual([...train.labels]);
  expect([...found!.test.pixels]).toEqual([9, 8]);
});

it('MNIST is prepared whole', async () => {
  const found = await findPrepared(inject('dataDir'), 'mnist');
  expect(found).toMatchObject({
    train: { count: 60_000 },
    test: { count: 10_000 },
    shape: { height: 28, width: 28, channels: 1 },
  });
  // The first labels of the training file, as every description of MNIST shows them.
  expect([...found!.train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  const pixels = createHash('sha256').update(found!.test.pixels).digest('hex');
  const raw = await readFile(join(inject('dataDir'), 'mnist', 'raw', 't10k-images-idx3-ubyte'));
  expect(pixels).toBe(createHash('sha256').update(raw.subarray(16)).digest('hex'));
});

it('there is none before it is written', async () => {
  const dataDir = await temporaryFolder();
  expect(await findPrepared(dataDir, 'mine')).toBeUndefined();
  await writeFile(join(dataDir, 'file'), '');
  expect(await findPrepared(dataDir, 'file')).toBeUndefined();
});

it('a folder in the file’s place is unreadable', async () => {
  const dataDir = await temporaryFolder();
  await mkdir(join(preparedFolder(dataDir, 'mine'), 'data.safetensors'), { recursive: true });
  await toolkitError('DATA_UNREADABLE', findPrepared(dataDir, 'mine'));
});

describe('an intact file is refused', () => {
  const tensors = new Map<string, StoredTensor>([
    ['train/images', { type: 'U8', shape: [3, 2, 1, 1], bytes: train.pixels }],
    ['train/labels', { type: 'U8', shape: [3], bytes: train.labels }],
    ['test/images', { type: 'U8', shape: [1, 2, 1, 1], bytes: tested.pixels }],
    ['test/labels', { type: 'U8', shape: [1], bytes: tested.labels }],
  ]);
  const bytes = (...values: number[]): StoredTensor => ({
    type: 'U8',
    shape: [values.length],
    bytes: Uint8Array.from(values),
  });

  async function reasonFor(changes: [string, StoredTensor | undefined][], metadata: object): Promise<string> {
    const dataDir = await temporaryFolder();
    const path = await writePrepared(dataDir, description, train, tested);
    const changed = new Map([...tensors, ...changes]);
    const kept = new Map(
      [...changed].filter((pair): pair is [string, StoredTensor] => pair[1] !== undefined),
    );
    const texts = { description: JSON.stringify(metadata) };
    await writeFile(path, Buffer.concat(encodeSafetensors({ tensors: kept, metadata: texts })));
    return (await toolkitError('DATA_CORRUPT', findPrepared(dataDir, 'mine'))).message;
  }

  it.each<[string, [string, StoredTensor | undefined][], object, RegExp]>([
    ['without images', [['test/images', undefined]], description, /lacks the test images or labels/],
    [
      'with a label too many',
      [['train/labels', bytes(0, 1, 1, 0)]],
      description,
      /train images and labels do not match/,
    ],
    ['with a label past the classes', [['test/labels', bytes(2)]], description, /test label is out of range/],
    [
      'with nothing to test on',
      [
        ['test/labels', bytes()],
        ['test/images', bytes()],
      ],
      description,
      /do not match/,
    ],
    ['of another format', [], { ...description, format: 'x' }, /format: /],
    ['of a later version', [], { ...description, version: 2 }, /version: /],
    ['with an unknown key', [], { ...description, extra: 1 }, /extra/],
  ])('%s', async (_, changes, metadata, reason) => {
    expect(await reasonFor(changes, metadata)).toMatch(reason);
  });
});

it('a damaged file is refused', async () => {
  const dataDir = await temporaryFolder();
  const path = await writePrepared(dataDir, description, train, tested);
  const intact = await readFile(path);
  for (const at of [0, 9, 200, intact.length - 1]) {
    const damaged = Buffer.from(intact);
    damaged[at] = damaged[at]! ^ 1;
    await writeFile(path, damaged);
    await toolkitError('DATA_CORRUPT', findPrepared(dataDir, 'mine'));
  }
});
