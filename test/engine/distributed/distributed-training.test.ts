import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';

import { findPrepared } from '../../../src/artifacts/prepared.js';
import { ToolkitError } from '../../../src/core/errors.js';
import { DistributedTraining } from '../../../src/engine/distributed/distributed-training.js';
import { placeOnDevice, type DeviceImages } from '../../../src/engine/running/device-images.js';
import { augmentation } from '../../../src/models/augmentation/augment.js';
import { augmentationFields } from '../../../src/models/augmentation/options.js';
import { epochOf, sharedNet, trainBoth, type SharedNet } from '../../support/shared-training.js';
import { startTensorFlow } from '../../support/training.js';
import { connectedGroups } from '../../support/workers.js';

/** Two batches of 30, and one of 6. */
const IMAGES = 66;
const scaling = { scale: 2 / 255, offset: -1 };
let images: DeviceImages;

beforeAll(async () => {
  await startTensorFlow();
  const { train } = (await findPrepared(inject('smallDataDir'), 'mnist'))!;
  const few = {
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
});

describe('workers train nearly the net of one process', () => {
  it('with batches that cannot be divided, whose rows are weighted as they are', async () => {
    const { largest } = await trainBoth({}, images, 3, { shards: 1, batchSize: 31 });
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(1e-4);
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
