import { beforeAll, describe, expect, it } from 'vitest';

import { countShards, readShard, writeShard } from '../../src/artifacts/shards.js';
import { placeOnDevice } from '../../src/engine/device-images.js';
import { CompiledTraining } from '../../src/engine/compiled-training.js';
import type { LabelledImages } from '../../src/engine/images.js';
import { adam } from '../../src/optimizers/adam.js';
import { stepCoefficients, trainingStep } from '../../src/training/step.js';
import { orderInShard, shardOrder, trainOnShards, type StreamPosition } from '../../src/training/stream.js';
import { TrainingVariables } from '../../src/training/variables.js';
import { temporaryFolder } from '../support/folders.js';
import { smallImages, smallNet } from '../support/small-model.js';
import { startTensorFlow } from '../support/training.js';

const SHARDS = 5;
const SIZE = 46;
const plan = { epochs: 2, batchSize: 10, seed: 3 };
const images = smallImages(SHARDS * SIZE, 16, 4);
const scaling = { scale: 2 / 255, offset: -1 };
const optimizer = adam.build(adam.options.parse({}));
const coefficients = (step: number): number[] => stepCoefficients(optimizer, step + 1, 0.01);

function shardOf(shard: number): LabelledImages {
  return {
    ...images,
    count: SIZE,
    pixels: images.pixels.slice(shard * SIZE * 16, (shard + 1) * SIZE * 16),
    labels: images.labels.slice(shard * SIZE, (shard + 1) * SIZE),
  };
}

/** Trains, and gives the bytes of all weights and of the optimiser's state. */
async function trained(
  train: (step: ReturnType<typeof trainingStep>) => Promise<void>,
): Promise<Map<string, Buffer>> {
  const model = smallNet(16, [12], 4);
  const variables = new TrainingVariables(model, optimizer.slots, 7);
  try {
    await train(trainingStep(model, optimizer, variables));
    return new Map([...(await variables.store())].map(([name, { bytes }]) => [name, Buffer.from(bytes)]));
  } finally {
    variables.dispose();
  }
}

async function stream(
  step: ReturnType<typeof trainingStep>,
  folder: string,
  start: StreamPosition,
  stopAfter = Infinity,
): Promise<StreamPosition> {
  const data = placeOnDevice(await readShard(folder, 0), scaling);
  const program = new CompiledTraining(step, data, { threads: 1, shards: 1 });
  const controller = new AbortController();
  let batches = 0;
  try {
    return await trainOnShards(plan, start, {
      program,
      source: { shards: SHARDS, shardSize: SIZE, read: (shard) => readShard(folder, shard) },
      coefficients,
      signal: controller.signal,
      onSlice: ({ losses }) => {
        batches += losses.length;
        if (batches >= stopAfter) controller.abort();
      },
    });
  } finally {
    program.dispose();
    data.dispose();
  }
}

async function shardFolder(): Promise<string> {
  const folder = await temporaryFolder();
  for (let shard = 0; shard < SHARDS; shard++) await writeShard(folder, shard, shardOf(shard));
  return folder;
}

describe('training on shards', () => {
  beforeAll(() => startTensorFlow());

  it('gives the very weights of training on the same images in the same order in memory', async () => {
    const folder = await shardFolder();
    expect(await countShards(folder)).toBe(SHARDS);
    const streamed = await trained(async (step) => {
      expect(await stream(step, folder, { epochs: 0, batches: 0 })).toEqual({ epochs: 2, batches: 0 });
    });
    const inMemory = await trained(async (step) => {
      const data = placeOnDevice(images, scaling);
      const program = new CompiledTraining(step, data, { threads: 1, shards: 1 });
      let steps = 0;
      for (const epoch of [1, 2]) {
        for (const shard of shardOrder(plan.seed, epoch, SHARDS)) {
          const before = steps;
          steps += await program.run({
            order: orderInShard(plan.seed, epoch, shard, SIZE).map((image) => image + shard * SIZE),
            batchSize: plan.batchSize,
            firstBatch: 0,
            coefficients: (batch) => coefficients(before + batch),
            signal: new AbortController().signal,
            onSlice: () => undefined,
          });
        }
      }
      program.dispose();
      data.dispose();
    });
    expect(streamed).toEqual(inMemory);
  });

  for (const stopAfter of [1, 5, 7, 24, 26]) {
    it(`stopped after ${stopAfter} batches or soon after and resumed, it gives the same weights`, async () => {
      const folder = await shardFolder();
      const whole = await trained(async (step) => {
        await stream(step, folder, { epochs: 0, batches: 0 });
      });
      const parts = await trained(async (step) => {
        const position = await stream(step, folder, { epochs: 0, batches: 0 }, stopAfter);
        expect(position.epochs * 25 + position.batches).toBeGreaterThanOrEqual(stopAfter);
        expect(position.epochs).toBeLessThan(2);
        expect(await stream(step, folder, position)).toEqual({ epochs: 2, batches: 0 });
      });
      expect(parts).toEqual(whole);
    });
  }

  it('takes every image once in an epoch, in an order that changes from epoch to epoch', () => {
    const orders = [1, 2].map((epoch) =>
      [...shardOrder(3, epoch, SHARDS)].flatMap((shard) =>
        [...orderInShard(3, epoch, shard, SIZE)].map((image) => shard * SIZE + image),
      ),
    );
    for (const order of orders) {
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: SHARDS * SIZE }, (_, at) => at));
    }
    expect(orders[0]).not.toEqual(orders[1]);
  });

  it('reports a damaged shard as such', async () => {
    const folder = await shardFolder();
    await expect(readShard(folder, 99)).rejects.toMatchObject({ code: 'DATA_UNREADABLE' });
  });
});
