import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { nativeMemory } from '../../../src/engine/distributed/native-memory.js';
import { isReplicated, shareBatch } from '../../../src/engine/sharding/shares.js';
import { isSentWhole, OrderedSum } from '../../../src/engine/distributed/sum-in-order.js';
import { connectedGroups } from '../../support/workers.js';

describe('OrderedSum', () => {
  // Vectors that are sent whole, and one that is summed in parts which do not divide it.
  it.each([
    [1, 5],
    [2, 20_000],
    [3, 7],
    [5, 16_385],
  ])('%i workers sum %i floats in the order of ranks', async (size, floats) => {
    const random = new Random(1, 'vectors');
    const vectors = Array.from({ length: size }, () =>
      Float32Array.from({ length: floats }, () => (random.uniform() - 0.5) * 10 ** random.integer(9)),
    );
    const expected = vectors
      .slice(1)
      .reduce((sum, vector) => sum.map((value, at) => value + vector[at]!), vectors[0]!);
    const memory = nativeMemory();
    const sums = connectedGroups(size).map(async ({ transport }, rank) => {
      const own = memory.malloc(floats * 4);
      const result = memory.malloc(floats * 4);
      memory.memcpy(own, new Uint8Array(vectors[rank]!.buffer), floats * 4);
      const sum = new OrderedSum(transport, memory, floats);
      await sum.run(own, result);
      // Again, in the same memory.
      await sum.run(own, result);
      const found = new Float32Array(floats);
      memory.memcpy(new Uint8Array(found.buffer), result, floats * 4);
      sum.dispose();
      memory.free(own);
      memory.free(result);
      return found;
    });
    for (const found of await Promise.all(sums)) expect(found).toEqual(expected);
  });
});

it('vectors are sent whole where a second round of messages would cost more than the bytes that it saves', () => {
  expect(isSentWhole(1_000_000, 2)).toBe(true);
  expect([10_922, 10_923].map((floats) => isSentWhole(floats, 4))).toEqual([true, false]);
  expect([64, 256, 300].map((floats) => isSentWhole(floats, 256))).toEqual([true, false, false]);
  // Each worker has a part.
  expect(isSentWhole(255, 256)).toBe(true);
});

describe('shares', () => {
  it('are consecutive rows, as even as can be', () => {
    expect(shareBatch(100, 3)).toEqual({ batch: 100, sizes: [34, 33, 33], starts: [0, 34, 67] });
    expect(shareBatch(8, 4)).toEqual({ batch: 8, sizes: [2, 2, 2, 2], starts: [0, 2, 4, 6] });
  });

  it('do not exist of a last batch that every worker computes in the time of two steps', () => {
    expect(isReplicated(100, 100, 1)).toBe(false);
    expect(isReplicated(99, 100, 2)).toBe(true);
    expect(isReplicated(50, 100, 4)).toBe(true);
    expect(isReplicated(51, 100, 4)).toBe(false);
  });
});

describe('a group', () => {
  it('tells all what the first says, and what each says, in order', async () => {
    const groups = connectedGroups(3);
    const heard = await Promise.all(groups.map((group) => group.share(`worker ${group.rank}`)));
    for (const each of heard) expect(each).toEqual(['worker 0', 'worker 1', 'worker 2']);
    const said = await Promise.all(
      groups.map((group) => group.broadcast({ from: group.rank, text: 'größer' })),
    );
    for (const each of said) expect(each).toEqual({ from: 0, text: 'größer' });
  });
});
