import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';

import { findPrepared } from '../../../src/artifacts/prepared.js';
import { ToolkitError } from '../../../src/core/errors.js';
import type { LabelledImages } from '../../../src/core/images.js';
import { DistributedTraining } from '../../../src/engine/distributed/distributed-training.js';
import { SharedInference } from '../../../src/engine/distributed/shared-inference.js';
import { CompiledInference } from '../../../src/engine/running/compiled-inference.js';
import { CompiledTraining } from '../../../src/engine/running/compiled-training.js';
import { placeOnDevice, type DeviceImages } from '../../../src/engine/running/device-images.js';
import type { Forward, TrainingProgram, TrainingStep } from '../../../src/engine/running/program.js';
import { augmentation } from '../../../src/models/augmentation/augment.js';
import { mixing } from '../../../src/models/augmentation/mixing.js';
import { augmentationFields } from '../../../src/models/augmentation/options.js';
import { models } from '../../../src/models/index.js';
import type { Model } from '../../../src/models/model.js';
import { epochOf, sharedNet, trainBoth, type SharedNet } from '../../support/shared-training.js';
import { startTensorFlow, valuesOf } from '../../support/training.js';
import { connectedGroups } from '../../support/workers.js';

/** Two batches of 30, and one of 6. */
const IMAGES = 66;
const scaling = { scale: 2 / 255, offset: -1 };
let few: LabelledImages;
let images: DeviceImages;

beforeAll(async () => {
  await startTensorFlow();
  const { train } = (await findPrepared(inject('smallDataDir'), 'mnist'))!;
  few = {
    ...train,
    count: IMAGES,
    pixels: train.pixels.subarray(0, IMAGES * 784),
    labels: train.labels.subarray(0, IMAGES),
  };
  images = placeOnDevice(few, scaling);
});

afterAll(() => {
  images.dispose();
});

const augment = augmentation(
  z.strictObject(augmentationFields).parse({ augmentShift: 2, augmentRotation: 10, augmentErasing: 0.3 }),
  scaling,
);
/** Without batch normalisation, whose statistics one process computes with a kernel of its own. */
const CNN: SharedNet = { model: 'cnn', options: { filters: [3, 4], denseUnits: 12 } };

describe('workers train the net of one process with as many shards, bit by bit', () => {
  it.each<[string, number, SharedNet]>([
    ['momentum, weight decay', 3, { optimizer: 'momentum', optimizerOptions: { weightDecay: 0.01 } }],
    ['adamw, clipped', 2, { optimizer: 'adamw', settings: { clipNorm: 0.5 } }],
    // So many variables that the numbers of their nodes get a digit more.
    ['dropout, augmentation, averaged weights', 2, { ...CNN, settings: { augment }, isAveraged: true }],
    // An image's partner is mostly that of the same worker, but not always.
    ['mixup', 3, { settings: { mix: mixing({ augmentMixup: 0.4, augmentCutmix: 0 }) } }],
    [
      'mixup or cutmix of augmented images',
      2,
      { ...CNN, settings: { augment, mix: mixing({ augmentMixup: 0.2, augmentCutmix: 1 }) } },
    ],
  ])('%s, %i workers', async (_, size, net) => {
    const { largest, losses } = await trainBoth(net, images, size);
    expect(largest).toBe(0);
    for (const each of losses) expect(each).toEqual(losses[0]);
  });

  it('with batch normalisation, whose statistics are sums over all rows', async () => {
    const net: SharedNet = {
      model: 'cnn-small',
      options: { filters: [3, 4, 4] },
      settings: { isShared: true },
    };
    const { largest, losses } = await trainBoth(net, images, 2);
    expect(largest).toBe(0);
    expect(losses[1]).toEqual(losses[0]);
  });

  it('with constant factors between exchanges, which TensorFlow would move to other products', async () => {
    const convolution = { type: 'convolution', kernelSize: [3, 3], bias: false };
    const hardSwish = { type: 'activation', function: 'hard-swish' };
    const nodes = [1, 2, 3].flatMap((at) => [
      { ...convolution, name: `convolution${at}`, filters: 4 },
      { type: 'batch-normalization', name: `normalization${at}` },
      { ...hardSwish, name: `activation${at}` },
    ]);
    const head = [
      { type: 'global-pooling', name: 'means' },
      { type: 'dense', name: 'hidden', units: 8 },
      { ...hardSwish, name: 'activation4' },
      { type: 'dense', name: 'logits', units: 'classes' },
    ];
    const net: SharedNet = {
      ...{ model: 'graph', options: { nodes: [...nodes, ...head] } },
      settings: { isShared: true },
    };
    const { largest, losses } = await trainBoth(net, images, 2);
    expect(largest).toBe(0);
    expect(losses[1]).toEqual(losses[0]);
  });
});

it('workers train on a data set in shards as one process does', async () => {
  const other = { ...few, pixels: few.pixels.toReversed(), labels: few.labels.toReversed() };
  /** Trains on a shard, and then on another one. */
  const onShards = async (
    make: (step: TrainingStep, data: DeviceImages) => TrainingProgram,
  ): Promise<unknown> => {
    const { step, optimizer, variables } = sharedNet({}, images.source.shape);
    const data = placeOnDevice(few, scaling);
    const program = make(step, data);
    for (const shard of [few, other]) {
      await program.replaceImages(shard);
      await program.run(epochOf(images, optimizer, { batchSize: 30 }));
    }
    program.dispose();
    data.dispose();
    const values = await valuesOf(variables);
    variables.dispose();
    return values;
  };
  const settings = { shards: 2, threads: 1, schedulingThreads: 1 };
  const wanted = await onShards((step, data) => new CompiledTraining(step, data, settings));
  const found = connectedGroups(2).map((group) =>
    onShards((step, data) => new DistributedTraining(step, data, group)),
  );
  for (const values of await Promise.all(found)) expect(values).toEqual(wanted);
});

describe('workers train nearly the net of one process', () => {
  it('with batches that cannot be divided, whose rows are weighted as they are', async () => {
    const { largest } = await trainBoth({}, images, 3, { shards: 1, batchSize: 31 });
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(1e-4);
  });
});

describe('workers that share a forward pass', () => {
  /** A net, and some batches of images. */
  async function pass(): Promise<{ forward: Forward; many: DeviceImages; indices: Int32Array }> {
    const { test } = (await findPrepared(inject('smallDataDir'), 'mnist'))!;
    const { variables } = sharedNet({}, images.source.shape);
    const definition = models.get('mlp')!;
    const task = { shape: test.shape, classes: 10 };
    const model = (definition.build as (options: unknown, of: typeof task) => Model)(
      definition.options.parse({ hiddenLayers: [32, 16] }),
      task,
    );
    const forward: Forward = (given) => model.apply(given, variables.values());
    const indices = Int32Array.from({ length: 1700 }, (_, index) => (index * 11) % test.count);
    return { forward, many: placeOnDevice(test, scaling), indices };
  }

  it.each([2, 3, 5])('get the logits of one process, bit by bit: %i workers', async (size) => {
    const { forward, many, indices } = await pass();
    const { signal } = new AbortController();
    const one = new CompiledInference(forward, many, 10);
    const wanted = await one.run(indices, signal);
    one.dispose();
    const shared = connectedGroups(size).map(async (group) => {
      const program = new SharedInference(new CompiledInference(forward, many, 10), many, 10, group);
      const logits = await program.run(indices, signal);
      expect(await program.run(indices.subarray(0, 0), signal)).toHaveLength(0);
      program.dispose();
      return logits;
    });
    for (const logits of await Promise.all(shared)) expect(logits).toEqual(wanted);
  });

  it('all stop when one is interrupted', async () => {
    const { forward, many, indices } = await pass();
    const groups = connectedGroups(3);
    const outcomes = await Promise.allSettled(
      groups.map((group, rank) => {
        const program = new SharedInference(new CompiledInference(forward, many, 10), many, 10, group);
        const interrupted = AbortSignal.abort(new ToolkitError('TERMINATED', { hint: '' }));
        const run = program.run(indices, rank === 1 ? interrupted : new AbortController().signal);
        return run.finally(() => {
          program.dispose();
        });
      }),
    );
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'TERMINATED' } });
    for (const { signal } of groups) expect(signal.aborted).toBe(true);
  });
});

it('all stop after the same step when one is asked to, and know why', async () => {
  const groups = connectedGroups(2);
  const controllers = groups.map(() => new AbortController());
  const runs = groups.map(async (group, rank) => {
    const { step, optimizer } = sharedNet({}, images.source.shape);
    const program = new DistributedTraining(step, images, group);
    const options = epochOf(images, optimizer, { batchSize: 2 });
    const onSlice = (): void => {
      // The second worker's signal, not the first one's.
      controllers[1]!.abort(new ToolkitError('TERMINATED', { hint: '' }));
    };
    return program.run({ ...options, signal: controllers[rank]!.signal, onSlice });
  });
  const [first, second] = await Promise.all(runs);
  expect(first).toBe(second);
  expect(first).toBeLessThan(IMAGES / 2);
  for (const { signal } of groups) expect(signal.reason).toMatchObject({ code: 'TERMINATED' });
});
