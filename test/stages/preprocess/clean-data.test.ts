import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, inject, it } from 'vitest';

import { findPrepared, preparedFolder, type PreparedData } from '../../../src/artifacts/prepared.js';
import { findRaw, rawFingerprint, readRawFile } from '../../../src/artifacts/raw.js';
import { silentContext } from '../../../src/core/events.js';
import type { LabelledImages } from '../../../src/core/images.js';
import { collect } from '../../../src/index.js';
import { prepareData, splitOf } from '../../../src/stages/preprocess/prepare-data.js';
import { preprocess, type Preprocessed } from '../../../src/stages/preprocess/preprocess.js';
import { trainingSet } from '../../../src/stages/train/training-set.js';
import { smallDataset, writeFiles } from '../../support/datasets.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { idxFile, idxLabels } from '../../support/idx.js';
import { chosenImages } from '../../support/images.js';
import { preprocessFields } from '../../../src/stages/preprocess/preprocess-options.js';

async function collected(changes: Record<string, Buffer> = {}): Promise<string> {
  const dataDir = await temporaryFolder();
  const from = await writeFiles(await temporaryFolder(), { ...smallDataset(), ...changes });
  await collect({ dataset: 'mine', dataDir, from }, silentContext());
  return dataDir;
}

const run = async (
  dataDir: string,
  options: object = {},
): Promise<Preprocessed & { prepared: PreparedData }> => {
  const { prepared, quality } = await preprocess(
    preprocessFields.parse({ dataset: 'mine', dataDir, threads: 1, ...options }),
  );
  return { prepared: prepared as PreparedData, quality };
};

const linesOf = async (dataDir: string, name: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(preparedFolder(dataDir, 'mine'), name), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it('what is dropped is listed, and the fingerprint changes with the content', async () => {
  // The four test images of this set are the first four of its training.
  const dataDir = await collected();
  const manifest = (await findRaw(dataDir, 'mine'))!.manifest;
  const plain = (await run(dataDir)).prepared;
  expect(await linesOf(dataDir, 'changes.jsonl')).toEqual([]);
  expect((await linesOf(dataDir, 'findings.jsonl')).map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  expect(plain.cleaning).toBeUndefined();

  const { prepared, quality } = await run(dataDir, { clean: ['duplicates=drop'] });
  expect(prepared.train.count).toBe(16);
  expect(prepared.test.count).toBe(4);
  expect(quality.leakedTestImages).toEqual([]);
  expect(quality.cleaning.dropped).toEqual({ train: 4, test: 0 });
  expect(prepared.fingerprint).not.toBe(plain.fingerprint);
  expect(prepared.cleaning).toEqual({
    rawFingerprint: rawFingerprint(manifest),
    clean: ['duplicates=drop'],
    ...{ denoise: 'none', folds: 4, dropped: 4, relabelled: 0 },
  });
  expect(await linesOf(dataDir, 'changes.jsonl')).toMatchObject(
    [0, 1, 2, 3].map((index) => ({ split: 'train', index, action: 'drop', check: 'duplicates', to: null })),
  );
  // The raw files still are what their manifest says, and the list does not outlive what it lists.
  await readRawFile((await findRaw(dataDir, 'mine'))!, 'train-images');
  await run(dataDir);
  expect(await linesOf(dataDir, 'changes.jsonl')).toEqual([]);
});

it('cleaning a set in which nothing is found leaves its fingerprint', async () => {
  const dataDir = await collected();
  const { prepared } = await run(dataDir, { clean: ['constant-images=drop'] });
  expect(prepared.fingerprint).toBe(rawFingerprint((await findRaw(dataDir, 'mine'))!.manifest));
});

it('labels that cannot be used are refused, with a way on', async () => {
  const labels = idxLabels([255, ...Array.from({ length: 19 }, (_, index) => index % 3)]);
  const dataDir = await collected({ 'train-labels-idx1-ubyte': labels });
  const error = await toolkitError('DATA_CORRUPT', run(dataDir));
  expect(error.message).toMatch(/label 255 at position 0, where there are 3 classes \(--clean labels=drop/);
  const { prepared } = await run(dataDir, { clean: ['labels=drop'] });
  expect(prepared.classNames).toEqual(['0', '1', '2']);
  expect(prepared.train.count).toBe(19);
});

it('cleaning that would leave nothing is refused', async () => {
  const same = idxFile([20, 3, 2], new Uint8Array(120));
  const dataDir = await collected({ 'train-images-idx3-ubyte': same });
  const error = await toolkitError('DATA_CORRUPT', run(dataDir, { clean: ['constant-images=drop'] }));
  expect(error.message).toMatch(/train-images-idx3-ubyte: cleaning would leave none of its images/);
});

it('denoised images have a fingerprint of their own', async () => {
  const dataDir = await collected();
  const { prepared, quality } = await run(dataDir, { denoise: 'median' });
  expect(prepared.fingerprint).not.toBe(rawFingerprint((await findRaw(dataDir, 'mine'))!.manifest));
  expect(prepared.cleaning?.denoise).toBe('median');
  expect(quality.cleaning.denoise).toBe('median');
});

it('training takes cleaned data as they are, and cleans in the same way again when the raw files change', async () => {
  const dataDir = await collected();
  const { prepared } = await run(dataDir, { clean: ['duplicates=drop'] });
  const found = await prepareData({ dataset: 'mine', dataDir }, silentContext());
  expect(found.fingerprint).toBe(prepared.fingerprint);
  const from = await writeFiles(await temporaryFolder(), {
    ...smallDataset(),
    't10k-labels-idx1-ubyte': idxLabels([2, 1, 0, 0]),
  });
  await collect({ dataset: 'mine', dataDir, from }, silentContext());
  const again = await prepareData({ dataset: 'mine', dataDir }, silentContext());
  expect(again.train.count).toBe(16);
  expect(again.cleaning?.clean).toEqual(['duplicates=drop']);
});

it('a missing label of MNIST is filled in by models that never saw the image', async () => {
  const mnist = (await findPrepared(inject('dataDir'), 'mnist'))!;
  const [train, tested] = [
    chosenImages(
      mnist.train,
      Array.from({ length: 2500 }, (_, index) => index),
    ),
    chosenImages(
      mnist.test,
      Array.from({ length: 20 }, (_, index) => index),
    ),
  ];
  const truth = train.labels.slice(0, 20);
  const file = ({ count, pixels }: LabelledImages): Buffer => idxFile([count, 28, 28], pixels);
  const dataDir = await collected({
    'train-images-idx3-ubyte': file(train),
    'train-labels-idx1-ubyte': idxLabels([...truth.map(() => 255), ...train.labels.subarray(20)]),
    't10k-images-idx3-ubyte': file(tested),
    't10k-labels-idx1-ubyte': idxLabels([...tested.labels]),
  });
  await run(dataDir, { clean: ['labels=fix'], folds: 2 });
  const changes = await linesOf(dataDir, 'changes.jsonl');
  // Each is either filled in or left out; all are marked.
  expect(changes.map(({ index, from }) => [index, from])).toEqual(
    Array.from(truth, (_, index) => [index, 255]),
  );
  const filled = changes.filter(({ action }) => action === 'relabel');
  expect(filled.length).toBeGreaterThanOrEqual(5);
  const right = filled.filter(({ index, to }) => truth[index as number] === to);
  expect(right.length).toBeGreaterThanOrEqual(filled.length - 1);
});

it('statistics for scaling come from the training split alone', async () => {
  const dataDir = await collected();
  const { prepared } = await run(dataDir, { validationSplit: 0.3 });
  const split = splitOf(prepared, 0.3, prepared.defaults.seed);
  const scalingOf = (data: PreparedData): object => trainingSet(data, {}).plan.scaling;
  const before = scalingOf(prepared);
  expect(split.validation.length).toBeGreaterThan(0);
  const changed = { ...prepared, train: { ...prepared.train, pixels: prepared.train.pixels.slice() } };
  for (const index of split.validation) changed.train.pixels.fill(255, index * 6, (index + 1) * 6);
  changed.test.pixels.fill(255);
  expect(scalingOf(changed)).toEqual(before);
  // They do follow the training images.
  const [first = 0] = split.training;
  changed.train.pixels.fill(255, first * 6, (first + 1) * 6);
  expect(scalingOf(changed)).not.toEqual(before);
});
