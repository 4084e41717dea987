import { beforeAll, describe, expect, it } from 'vitest';

import { readShard, writeShard, type ShardEntry } from '../../src/artifacts/shards.js';
import { placeOnDevice } from '../../src/engine/running/device-images.js';
import { CompiledTraining } from '../../src/engine/running/compiled-training.js';
import type { Coefficients } from '../../src/engine/running/program.js';
import { eagerTraining } from '../../src/engine/running/eager.js';
import { selectImages } from '../../src/core/images.js';
import { adam } from '../../src/training/optimizers/adam.js';
import { stepCoefficients, trainingStep } from '../../src/training/step.js';
import { orderInShard, padded, ShardedEpochs, shardOrder } from '../../src/training/stream.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { temporaryFolder } from '../support/folders.js';
import { smallImages, smallNet } from '../support/small-model.js';
import { startTensorFlow } from '../support/training.js';

/** The last shard has fewer images than the others, and its last batch is smaller. */
const SIZES = [46, 46, 46, 46, 33];
const STARTS = [0, 46, 92, 138, 184];
const BATCHES = 5 + 5 + 5 + 5 + 4;
const plan = { epochs: 2, batchSize: 10, seed: 3 };
const images = smallImages(217, 16, 4);
const scaling = { scale: 2 / 255, offset: -1 };
const optimizer = adam.build(adam.options.parse({}));
const coefficients = (step: number): Coefficients<number> => stepCoefficients(optimizer, step + 1, 0.01);

/** Positions in the whole set, in the order in which an epoch takes them. */
function epochOrder(epoch: number): number[][] {
  return [...shardOrder(plan.seed, epoch, SIZES.length)].map((shard) =>
    [...orderInShard(plan, { epoch, shard, images: SIZES[shard]! }, [])].map(
      (image) => STARTS[shard]! + image,
    ),
  );
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

interface Position {
  epoch: number;
  batch: number;
}

/** Trains from a position on, and gives the one at which it was stopped; null when all is done. */
async function stream(
  step: ReturnType<typeof trainingStep>,
  { folder, entries }: Shards,
  start: Position,
  { stopAfter = Infinity, isEager = false } = {},
): Promise<Position | null> {
  const read = (shard: number): ReturnType<typeof readShard> =>
    readShard(folder, entries[shard]!, images.shape, 4);
  const data = placeOnDevice(await read(0), scaling);
  const program = isEager
    ? eagerTraining(step, data)
    : new CompiledTraining(step, data, { threads: 1, shards: 1 });
  const controller = new AbortController();
  const source = new ShardedEpochs(program, { sizes: SIZES, read }, plan);
  let batches = 0;
  try {
    let { epoch, batch } = start;
    for (; epoch <= plan.epochs; epoch++, batch = 0) {
      batch = await source.run(epoch, {
        firstBatch: batch,
        coefficients: (at) => coefficients((epoch - 1) * BATCHES + at),
        signal: controller.signal,
        onSlice: ({ losses }) => {
          batches += losses.length;
          if (batches >= stopAfter) controller.abort();
        },
      });
      if (batch < source.batches) return { epoch, batch };
    }
    return null;
  } finally {
    program.dispose();
    data.dispose();
  }
}

interface Shards {
  folder: string;
  entries: ShardEntry[];
}

async function shardFolder(): Promise<Shards> {
  const folder = await temporaryFolder();
  const entries: ShardEntry[] = [];
  for (const [shard, size] of SIZES.entries()) {
    const own = Array.from({ length: size }, (_, at) => STARTS[shard]! + at);
    const name = `training-${String(shard).padStart(6, '0')}.safetensors`;
    entries.push(await writeShard(folder, name, selectImages(images, own)));
  }
  return { folder, entries };
}

const begin = { epoch: 1, batch: 0 };

describe('training on shards', () => {
  beforeAll(() => startTensorFlow());

  for (const isEager of [false, true]) {
    it(`gives the very weights of the same images in the same order in memory (${isEager ? 'eager' : 'compiled'})`, async () => {
      const shards = await shardFolder();
      const streamed = await trained(async (step) => {
        expect(await stream(step, shards, begin, { isEager })).toBeNull();
      });
      const inMemory = await trained(async (step) => {
        const data = placeOnDevice(images, scaling);
        const program = isEager
          ? eagerTraining(step, data)
          : new CompiledTraining(step, data, { threads: 1, shards: 1 });
        let steps = 0;
        for (const order of [...epochOrder(1), ...epochOrder(2)]) {
          const before = steps;
          steps += await program.run({
            order: Int32Array.from(order),
            batchSize: plan.batchSize,
            firstBatch: 0,
            coefficients: (batch) => coefficients(before + batch),
            signal: new AbortController().signal,
            onSlice: () => undefined,
          });
        }
        expect(steps).toBe(2 * BATCHES);
        program.dispose();
        data.dispose();
      });
      expect(streamed).toEqual(inMemory);
    });
  }

  for (const stopAfter of [1, 5, 7, 23, 25]) {
    it(`stopped after ${stopAfter} batches or soon after and resumed, it gives the same weights`, async () => {
      const shards = await shardFolder();
      const whole = await trained(async (step) => {
        await stream(step, shards, begin);
      });
      const parts = await trained(async (step) => {
        const position = await stream(step, shards, begin, { stopAfter });
        expect(position).not.toBeNull();
        expect((position!.epoch - 1) * BATCHES + position!.batch).toBeGreaterThanOrEqual(stopAfter);
        expect(await stream(step, shards, position!)).toBeNull();
      });
      expect(parts).toEqual(whole);
    });
  }

  it('takes every image once in an epoch, in an order that changes from epoch to epoch', () => {
    const orders = [1, 2].map((epoch) => epochOrder(epoch).flat());
    for (const order of orders) {
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 217 }, (_, at) => at));
    }
    expect(orders[0]).not.toEqual(orders[1]);
  });

  it('knows how many images each batch has', () => {
    const source = new ShardedEpochs(
      // Nothing is trained here.
      undefined as unknown as CompiledTraining,
      { sizes: SIZES, read: () => Promise.reject(new Error()) },
      plan,
    );
    const counts = Array.from({ length: source.batches }, (_, batch) => source.batchImages(1, batch));
    const expected = [...shardOrder(plan.seed, 1, SIZES.length)].flatMap((shard) =>
      SIZES[shard] === 46 ? [10, 10, 10, 10, 6] : [10, 10, 10, 3],
    );
    expect(counts).toEqual(expected);
    expect(source.images).toBe(217);
  });

  it('fills a smaller shard up, and changes none of its images', () => {
    const small = selectImages(images, [4, 5]);
    const { count, pixels, labels } = padded(small, 4);
    expect([count, pixels.length, labels.length]).toEqual([4, 64, 4]);
    expect(pixels.subarray(0, 32)).toEqual(small.pixels);
    expect(padded(small, 2)).toBe(small);
  });
});
