import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findPrepared, preparedFolder, type PreparedData } from '../../../src/artifacts/prepared.js';
import { findRaw, rawFingerprint } from '../../../src/artifacts/raw.js';
import {
  findSharded,
  imagesIn,
  readShardOf,
  type ShardedData,
  type ShardedSplit,
} from '../../../src/artifacts/sharded.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { collect } from '../../../src/index.js';
import { listDatasets } from '../../../src/stages/datasets/list-datasets.js';
import { prepareData, prepareStored, splitOf } from '../../../src/stages/preprocess/prepare-data.js';
import { preprocess, type Preprocessed } from '../../../src/stages/preprocess/preprocess.js';
import { sampleOf } from '../../../src/data/preparation/sample-shards.js';
import { trainingSet } from '../../../src/stages/train/training-set.js';
import { smallDataset, writeFiles } from '../../support/datasets.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { preprocessFields } from '../../../src/stages/preprocess/preprocess-options.js';

async function collected(): Promise<string> {
  const dataDir = await temporaryFolder();
  const from = await writeFiles(await temporaryFolder(), smallDataset());
  await collect({ dataset: 'mine', dataDir, from });
  return dataDir;
}

function run(dataDir: string, options: object = {}, memoryBytes?: number): Promise<Preprocessed> {
  const parsed = preprocessFields.parse({ dataset: 'mine', dataDir, validationSplit: 0.2, ...options });
  return preprocess(parsed, silentContext(), memoryBytes);
}

async function sharded(dataDir: string, options: object = {}, memoryBytes?: number): Promise<ShardedData> {
  return (await run(dataDir, options, memoryBytes)).prepared as ShardedData;
}

/** Every image of a split with its label, as text, in order. */
async function contentOf(data: ShardedData, split: ShardedSplit): Promise<string[]> {
  const texts: string[] = [];
  for (const shard of data.shards[split].keys()) {
    const { pixels, labels } = await readShardOf(data, split, shard);
    for (const [index, label] of labels.entries()) {
      texts.push(`${label}: ${pixels.subarray(6 * index, 6 * index + 6).join()}`);
    }
  }
  return texts;
}

function textsOf({ train, test }: PreparedData, split: ShardedSplit, indices: Int32Array): string[] {
  const { pixels, labels } = split === 'test' ? test : train;
  return Array.from(
    indices,
    (index) => `${labels[index]!}: ${pixels.subarray(6 * index, 6 * index + 6).join()}`,
  );
}

describe.each([
  ['in memory', undefined],
  ['from files that do not fit into memory', 1],
])('shards %s', (_, memoryBytes) => {
  it('hold every image once, split as in memory, and mixed', async () => {
    const dataDir = await collected();
    const whole = (await run(dataDir)).prepared as PreparedData;
    const data = await sharded(dataDir, { shards: 3 }, memoryBytes);
    expect(data.shards.training.map(({ images }) => images)).toEqual([6, 6, 5]);
    const { training, validation } = splitOf(whole, 0.2, 1);
    const trained = await contentOf(data, 'training');
    expect(trained.toSorted()).toEqual(textsOf(whole, 'training', training).sort());
    expect(trained).not.toEqual(textsOf(whole, 'training', training));
    expect(await contentOf(data, 'validation')).toEqual(textsOf(whole, 'validation', validation));
    expect(await contentOf(data, 'test')).toEqual(textsOf(whole, 'test', Int32Array.of(0, 1, 2, 3)));
    for (const scaling of ['standardize', 'zero-one'] as const) {
      const [{ plan }, { plan: expected }] = [data, whole].map((set) => trainingSet(set, { scaling })) as [
        ReturnType<typeof trainingSet>,
        ReturnType<typeof trainingSet>,
      ];
      expect(plan).toEqual(expected);
    }
    const [counts, expectedCounts] = await Promise.all(
      [data, whole].map((set) => trainingSet(set, {}).classCounts()),
    );
    expect(counts).toEqual(expectedCounts);
  });

  it('have the counts of the set in memory in their report', async () => {
    const dataDir = await collected();
    const { quality: whole } = await run(dataDir);
    const { quality } = await run(dataDir, { shardImages: 4 }, memoryBytes);
    expect(quality.counts).toEqual(whole.counts);
    expect(quality.pixels).toEqual(whole.pixels);
  });

  it('leave nothing of the set before, and give way to the one after', async () => {
    const dataDir = await collected();
    await run(dataDir);
    const first = await sharded(dataDir, { shards: 2 }, memoryBytes);
    expect(await findPrepared(dataDir, 'mine')).toBeUndefined();
    const second = await sharded(dataDir, { shards: 2 }, memoryBytes);
    expect(second.fingerprint).toBe(first.fingerprint);
    const names = await readdir(preparedFolder(dataDir, 'mine'));
    expect(names.filter((name) => name.startsWith('shards-'))).toEqual([second.folder]);
    await run(dataDir);
    expect(await findSharded(dataDir, 'mine')).toBeUndefined();
    expect((await readdir(preparedFolder(dataDir, 'mine'))).sort()).toEqual([
      'changes.jsonl',
      'data.safetensors',
      'findings.jsonl',
      'quality.json',
    ]);
  });
});

it('a set that does not fit into memory is put into shards unasked, and not cleaned', async () => {
  const dataDir = await collected();
  expect((await sharded(dataDir, {}, 1)).shards.training).toHaveLength(1);
  for (const options of [{ clean: ['all'] }, { denoise: 'median' }, { augmentTo: 50 }]) {
    const { message } = await toolkitError('USAGE', run(dataDir, options, 1));
    expect(message).toMatch(/^--[a-z-]+ needs the whole set in memory/);
  }
});

describe('--augment-to', () => {
  it('makes images of the training split alone, each original as often as the others', async () => {
    const dataDir = await collected();
    const whole = (await run(dataDir)).prepared as PreparedData;
    const { training, validation } = splitOf(whole, 0.2, 1);
    const data = await sharded(dataDir, { augmentTo: 17 * 30, shardImages: 100 });
    expect(data.shards.training.map(({ images }) => images)).toEqual([100, 100, 100, 100, 100, 10]);
    expect(await contentOf(data, 'validation')).toEqual(textsOf(whole, 'validation', validation));
    const labels = (await contentOf(data, 'training')).map((text) => Number(text[0]));
    const originals = Array.from(training, (index) => whole.train.labels[index]!);
    for (const label of [0, 1, 2]) {
      const wanted = 30 * originals.filter((original) => original === label).length;
      expect(labels.filter((found) => found === label)).toHaveLength(wanted);
    }
  });

  it('makes the same images whatever the size of the shards', async () => {
    const dataDir = await collected();
    const small = await contentOf(await sharded(dataDir, { augmentTo: 100, shardImages: 7 }), 'training');
    const large = await contentOf(await sharded(dataDir, { augmentTo: 100, shards: 1 }), 'training');
    expect(small).toEqual(large);
    expect(new Set(small).size).toBeGreaterThan(20);
  });
});

describe('a set in shards', () => {
  it('refuses a damaged shard, and one of another set', async () => {
    const dataDir = await collected();
    const data = await sharded(dataDir, { shards: 2 });
    const folder = join(preparedFolder(dataDir, 'mine'), data.folder);
    const intact = await readShardOf(data, 'training', 1);
    const [first] = data.shards.training.map(({ name }) => join(folder, name));
    const bytes = await readFile(first!);
    await writeFile(first!, Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)]));
    await toolkitError('DATA_CORRUPT', readShardOf(data, 'training', 0));
    // The other shard is as it was.
    expect(intact.count).toBe(data.shards.training[1]!.images);
    expect(await readShardOf(data, 'training', 1)).toEqual(intact);
    await sharded(dataDir, { shards: 2, seed: 5 });
    const other = (await findSharded(dataDir, 'mine'))!;
    await writeFile(
      join(preparedFolder(dataDir, 'mine'), other.folder, other.shards.training[0]!.name),
      bytes,
    );
    const { message } = await toolkitError('DATA_CORRUPT', readShardOf(other, 'training', 0));
    expect(message).toMatch(/number of its images or labels differs|SHA-256 differs from the manifest/);
  });

  it('is known by the commands, and made anew as it was when the raw files change', async () => {
    const dataDir = await collected();
    const before = await sharded(dataDir, { augmentTo: 60, shardImages: 25 });
    expect(await listDatasets(dataDir)).toContainEqual(
      expect.objectContaining({ name: 'mine', state: 'preprocessed' }),
    );
    const found = await prepareStored({ dataset: 'mine', dataDir }, silentContext());
    expect(found.fingerprint).toBe(before.fingerprint);
    const files = smallDataset();
    files['train-images-idx3-ubyte']!.writeUInt8(77, 16);
    await collect({ dataset: 'mine', dataDir, from: await writeFiles(await temporaryFolder(), files) });
    const after = (await prepareStored({ dataset: 'mine', dataDir }, silentContext())) as ShardedData;
    expect(after.making).toEqual({ augmentTo: 60, shardImages: 25 });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.rawFingerprint).toBe(rawFingerprint((await findRaw(dataDir, 'mine'))!.manifest));
  });

  it('is sampled for whoever looks at it in memory, with a notice where it is not all', async () => {
    const dataDir = await collected();
    const data = await sharded(dataDir, { shardImages: 5 });
    const all = await prepareData({ dataset: 'mine', dataDir }, silentContext());
    expect([all.train.count, all.test.count]).toEqual([20, 4]);
    expect([...all.split!.validation]).toEqual([0, 1, 2]);
    const events: ToolkitEvent[] = [];
    const part = await sampleOf(data, silentContext({ emit: (event) => events.push(event) }), 6 * 10);
    expect(part.split!.training.length).toBe(10);
    expect(events).toEqual([{ event: 'notice', message: '10 of 17 training images stand for all' }]);
    expect(imagesIn(data, 'training')).toBe(17);
  });

  it('has the validation images that it was made with', async () => {
    const data = await sharded(await collected(), { shards: 2 });
    expect(() => trainingSet(data, { validationSplit: 0.5 })).toThrow(/settled when it was preprocessed/);
    expect(trainingSet(data, { validationSplit: 0.2 }).plan.images.validation).toBe(3);
  });
});

it('options that exclude each other are refused', async () => {
  const dataDir = await collected();
  await toolkitError('USAGE', run(dataDir, { shards: 2, shardImages: 5 }));
});
