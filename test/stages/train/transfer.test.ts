import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { preprocess, train, type TrainOptions, type TrainResult } from '../../../src/index.js';
import { recordingContext } from '../../support/backends.js';

const SEEDS = [1, 2, 3];
/** By so much, in the mean over the seeds, weights from other digits must beat random ones. */
const MARGIN = 0.015;

let folder: string;
let dataDir: string;
let checkpointsDir: string;

/** A small convolutional net; a name for each of its runs. */
function trainNet(run: string, dataset: string, more: TrainOptions): Promise<TrainResult> {
  const net: TrainOptions = { model: 'cnn', filters: [8, 16], denseUnits: 64, batchSize: 50 };
  return train({ ...net, dataset, run, dataDir, checkpointsDir, device: 'cpu', threads: 2, ...more });
}

// Trained on digits 0 to 4, then on ten images each of 5 to 9.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-transfer-'));
  dataDir = join(folder, 'data');
  checkpointsDir = join(folder, 'checkpoints');
  await mkdir(join(dataDir, 'mnist'), { recursive: true });
  await symlink(join(inject('dataDir'), 'mnist', 'raw'), join(dataDir, 'mnist', 'raw'));
  const low = { classes: ['0-4'], imagesPerClass: 3000, as: 'mnist-low', validationSplit: 0 };
  const high = { classes: ['5-9'], imagesPerClass: 10, as: 'mnist-high', validationSplit: 0 };
  await preprocess({ dataDir, ...low });
  await preprocess({ dataDir, ...high });
  await trainNet('low', 'mnist-low', { epochs: 3, learningRate: 0.002 });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('what was learnt of digits 0 to 4', () => {
  it('pays on ten images each of 5 to 9, for every seed', async () => {
    const gains: number[] = [];
    for (const seed of SEEDS) {
      const few = { seed, epochs: 40, learningRate: 0.005 };
      const random = await trainNet(`random-${seed}`, 'mnist-high', few);
      const more = { initFrom: 'low', freeze: ['convolution*'] };
      const transferred = await trainNet(`transferred-${seed}`, 'mnist-high', { ...few, ...more });
      gains.push(transferred.test.accuracy - random.test.accuracy);
    }
    for (const gain of gains) expect(gain).toBeGreaterThan(0);
    expect(gains.reduce((sum, gain) => sum + gain, 0) / gains.length).toBeGreaterThan(MARGIN);
  });

  it('is told layer by layer, kept where it is frozen, and sees pixels as they were scaled for it', async () => {
    const { events, context } = recordingContext();
    const options = { initFrom: 'low', freezeAllButHead: true, epochs: 1, dataDir, checkpointsDir };
    const net: TrainOptions = { model: 'cnn', filters: [8, 16], denseUnits: 64, device: 'cpu' };
    const result = await train({ ...net, ...options, dataset: 'mnist-high', run: 'head' }, context);
    const body = ['convolution1', 'convolution2', 'dense1'];
    expect(events.find(({ event }) => event === 'transfer')).toMatchObject({
      taken: body,
      fresh: ['dense2'],
      frozen: body,
    });
    const before = await readCheckpoint(join(checkpointsDir, 'low', 'best.safetensors'));
    const after = await readCheckpoint(result.checkpoint);
    for (const [name, { bytes }] of after.tensors) {
      if (!body.some((layer) => name.startsWith(`parameters/${layer}/`))) continue;
      expect(Buffer.from(bytes).equals(Buffer.from(before.tensors.get(name)!.bytes))).toBe(true);
    }
    expect(after.description.preprocessing).toEqual(before.description.preprocessing);
    expect(after.description.classNames).toEqual(['5', '6', '7', '8', '9']);
    // It can be gone on with: the layers are still frozen, and the scaling is still the same.
    const resumed = await train({ resume: 'head', epochs: 2, dataDir, checkpointsDir });
    const last = await readCheckpoint(join(resumed.folder, 'last.safetensors'));
    expect(last.description.preprocessing).toEqual(before.description.preprocessing);
    expect([...last.tensors.keys()].some((name) => name.startsWith('optimizer/dense1/'))).toBe(false);
  });

  it('is refused where there is nothing to take, or nothing to select', async () => {
    await expect(trainNet('none', 'mnist-high', { freeze: ['dense1'] })).rejects.toThrow(/have been learnt/);
    const other = { initFrom: 'low', denseUnits: 32 };
    await expect(trainNet('misfit', 'mnist-high', other)).rejects.toMatchObject({
      code: 'CHECKPOINT_REFUSED',
    });
    for (const wrong of [{ classes: ['0'] }, { as: 'new' }, { classes: ['0'], as: 'mnist' }]) {
      await expect(preprocess({ dataDir, ...wrong })).rejects.toMatchObject({ code: 'USAGE' });
    }
  });
});
