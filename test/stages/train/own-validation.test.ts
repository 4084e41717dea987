import { describe, expect, it } from 'vitest';

import type { PreparedData } from '../../../src/artifacts/prepared.js';
import { findRaw } from '../../../src/artifacts/raw.js';
import { readShardOf, type ShardedData } from '../../../src/artifacts/sharded.js';
import { silentContext } from '../../../src/core/events.js';
import { collect } from '../../../src/index.js';
import { prepareData, splitOf } from '../../../src/stages/preprocess/prepare-data.js';
import { preprocess, type Preprocessed } from '../../../src/stages/preprocess/preprocess.js';
import { temporaryFolder } from '../../support/folders.js';
import { picture, writeTree } from '../../support/pictures.js';
import { preprocessFields } from '../../../src/stages/preprocess/preprocess-options.js';

/** Grey of an image, which tells it from the others; two of the training are alike. */
const TRAINING = [10, 20, 20, 30, 40, 50];
const VALIDATION = [60, 70, 80];

async function collected(): Promise<string> {
  const dataDir = await temporaryFolder();
  const files: Record<string, Buffer> = {};
  const add = async (folder: string, greys: readonly number[]): Promise<void> => {
    for (const [index, grey] of greys.entries()) {
      files[`${folder}/${index % 2 === 0 ? 'a' : 'b'}/${index}.png`] = await picture(grey);
    }
  };
  await add('train', TRAINING);
  await add('val', VALIDATION);
  await add('test', [90, 100]);
  const from = await writeTree(await temporaryFolder(), files);
  await collect({ dataset: 'own', dataDir, from });
  return dataDir;
}

const run = (dataDir: string, options: object = {}, memoryBytes?: number): Promise<Preprocessed> =>
  preprocess(preprocessFields.parse({ dataset: 'own', dataDir, ...options }), silentContext(), memoryBytes);

const greysAt = ({ train }: PreparedData, indices: Int32Array): number[] =>
  Array.from(indices, (index) => train.pixels[index * 784]!).sort((a, b) => a - b);

function greysOf(data: PreparedData): Record<'training' | 'validation', number[]> {
  const { training, validation } = splitOf(data, data.defaults.validationSplit, data.defaults.seed);
  return { training: greysAt(data, training), validation: greysAt(data, validation) };
}

describe('what a source holds for validation', () => {
  it('is the validation split, also when read again', async () => {
    const dataDir = await collected();
    const { prepared, quality } = await run(dataDir);
    expect(greysOf(prepared as PreparedData)).toEqual({ training: TRAINING, validation: VALIDATION });
    expect(quality.counts).toMatchObject({ training: [3, 3], validation: [2, 1] });
    expect(greysOf(await prepareData({ dataset: 'own', dataDir }, silentContext()))).toEqual({
      training: TRAINING,
      validation: VALIDATION,
    });
  });

  it('joins the training where a share is asked for, of preprocess or of a run', async () => {
    const dataDir = await collected();
    const { prepared } = await run(dataDir);
    const drawn = splitOf(prepared as PreparedData, 0.2, 1);
    expect(drawn.validation).toHaveLength(2);
    const again = (await run(dataDir, { validationSplit: 0.2, seed: 1 })).prepared as PreparedData;
    expect(splitOf(again, 0.2, 1)).toEqual(drawn);
    expect(greysOf(again).validation).toEqual(greysAt(again, drawn.validation));
    // A run from before is still judged on what it did not see.
    const own = prepared.defaults.validationSplit;
    expect(greysAt(again, splitOf(again, own, 1).validation)).toEqual(VALIDATION);
  });

  it('stays so when images are dropped or selected', async () => {
    const dataDir = await collected();
    const cleaned = await run(dataDir, { clean: ['duplicates=drop'] });
    expect(greysOf(cleaned.prepared as PreparedData)).toEqual({
      training: [10, 20, 30, 40, 50],
      validation: VALIDATION,
    });
    const selected = await run(dataDir, { classes: ['a'], as: 'own-a' });
    expect(greysOf(selected.prepared as PreparedData)).toEqual({
      training: [10, 20, 40],
      validation: [60, 80],
    });
  });

  it.each([
    ['in memory', undefined],
    ['too large for it', 1],
  ])('has shards of its own, from files %s', async (_, memoryBytes) => {
    const dataDir = await collected();
    const data = (await run(dataDir, { shardImages: 4 }, memoryBytes)).prepared as ShardedData;
    const shard = await readShardOf(data, 'validation', 0);
    expect(data.shards.validation).toHaveLength(1);
    expect(Array.from({ length: shard.count }, (_, row) => shard.pixels[row * 784]!).sort()).toEqual(
      VALIDATION,
    );
  });

  it('is kept where images are added', async () => {
    const dataDir = await collected();
    const from = await writeTree(await temporaryFolder(), {
      'a/new.png': await picture(15),
      'b/new.png': await picture(25),
    });
    await collect({ dataset: 'more', dataDir, from, addTo: 'own' });
    expect((await findRaw(dataDir, 'more'))?.manifest.imported?.images).toMatchObject({
      train: 11,
      validation: 3,
    });
    const data = await prepareData({ dataset: 'more', dataDir }, silentContext());
    expect(greysOf(data)).toEqual({ training: [10, 15, 20, 20, 25, 30, 40, 50], validation: VALIDATION });
  });
});
