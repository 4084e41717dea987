import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CompiledTraining } from '../../../src/engine/running/compiled-training.js';
import { DistributedTraining } from '../../../src/engine/distributed/distributed-training.js';
import type { DeviceImages } from '../../../src/engine/running/device-images.js';
import { connectedGroups } from '../../support/workers.js';
import {
  joined,
  mnistImages,
  relativeDifference,
  run,
  smallNet,
  startTensorFlow,
  valuesOf,
} from '../../support/training.js';

let images: DeviceImages;

beforeAll(async () => {
  await startTensorFlow();
  images = await mnistImages();
});

afterAll(() => {
  images.dispose();
});

describe('workers train the net of one process with as many shards', () => {
  it.each([
    ['sgd', {}, 2],
    ['adam', {}, 2],
    ['adamw', { weightDecay: 0.1 }, 4],
    ['momentum', { nesterov: true, weightDecay: 0.01 }, 5],
  ])('bit by bit: %s %o, %i workers', async (name, options, size) => {
    const one = smallNet(name, options);
    const single = new CompiledTraining(one.step, images, { shards: size, threads: 1, schedulingThreads: 1 });
    const expected = await run(single, one, 1040);
    const groups = connectedGroups(size);
    const nets = groups.map(() => smallNet(name, options));
    const outcomes = await Promise.all(
      groups.map((group, rank) =>
        run(new DistributedTraining(nets[rank]!.step, images, group), nets[rank]!, 1040),
      ),
    );
    const wanted = await valuesOf(one.variables);
    for (const [rank, { slices }] of outcomes.entries()) {
      expect(joined(slices)).toEqual(joined(expected.slices));
      for (const [of, values] of await valuesOf(nets[rank]!.variables)) {
        expect(relativeDifference(values, wanted.get(of)!), of).toBe(0);
      }
    }
  });
});
