import { expect, it } from 'vitest';

import { Random } from '../../src/core/random.js';
import { sampleImages } from '../../src/training/sampling.js';
import { orderInShard } from '../../src/training/stream.js';

/** 95 images of class 0, 5 of class 1, none of class 2, and 4 of class 3. */
const labels = Uint8Array.from([
  ...new Array<number>(95).fill(0),
  ...new Array<number>(5).fill(1),
  ...[3, 3, 3, 3],
]);
const images = Int32Array.from(labels.keys()).filter((image) => image !== 0);

/** How often each of the numbers below a limit occurs. */
function countsOf(values: Iterable<number>, limit: number): number[] {
  const all = [...values];
  return Array.from({ length: limit }, (_, value) => all.filter((other) => other === value).length);
}

function epoch(number: number, sampling: 'shuffled' | 'balanced' = 'balanced'): Int32Array {
  return sampleImages(images, labels, sampling, new Random(1, 'shuffle', number));
}

it('balanced epochs are as long, and have as many images of each class as of any other', () => {
  const order = epoch(1);
  expect(order).toHaveLength(images.length);
  expect(order).not.toContain(0);
  const counts = countsOf(
    [...order].map((image) => labels[image]!),
    4,
  );
  expect(counts.toSorted((a, b) => a - b)).toEqual([0, 34, 34, 35]);
  expect(counts[2]).toBe(0);
});

it('no image is taken once more before all others of its class', () => {
  const times = countsOf(epoch(1), labels.length);
  expect(Math.max(...times.slice(0, 95))).toBe(1);
  for (const own of [times.slice(95, 100), times.slice(100)]) {
    expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
  }
});

it('an epoch is determined by its seed and number, and takes others of a frequent class than the one before', () => {
  expect(epoch(1)).toEqual(epoch(1));
  const ofFirst = (order: Int32Array): Set<number> => new Set(order.filter((image) => labels[image] === 0));
  expect(ofFirst(epoch(1))).not.toEqual(ofFirst(epoch(2)));
});

it('shuffled epochs take each image once', () => {
  const order = epoch(1, 'shuffled');
  expect(order.toSorted()).toEqual(images);
  expect(order).toEqual(new Random(1, 'shuffle', 1).shuffle(images.slice()));
});

it('the classes of a shard are balanced, without what fills it up', () => {
  const filled = Uint8Array.from([0, 0, 0, 1, 2, 2]);
  const order = orderInShard({ seed: 1, sampling: 'balanced' }, { epoch: 1, shard: 0, images: 4 }, filled);
  expect(countsOf(order, 4)[3]).toBe(2);
});
