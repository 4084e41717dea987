import { setTimeout as wait } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { keepReturningMemory } from '../../src/serving/memory-return.js';
import { returnUnusedMemory } from '../../src/tensorflow/c-api/unused-memory.js';

const MIB = 2 ** 20;

it('gives memory back once for each growth', async () => {
  let [resident, calls] = [100 * MIB, 0];
  const giveBack = (): Promise<void> => {
    calls++;
    resident -= 10 * MIB;
    return Promise.resolve();
  };
  const stop = keepReturningMemory({ residentBytes: () => resident, giveBack, checkMs: 1 });
  const settled = async (): Promise<number> => {
    await wait(30);
    return calls;
  };
  expect(await settled()).toBe(1);
  expect(await settled()).toBe(1);
  resident += 40 * MIB;
  expect(await settled()).toBe(2);
  stop();
  resident += 400 * MIB;
  expect(await settled()).toBe(2);
});

it('one that fails stops nothing', async () => {
  let [calls, looks] = [0, 0];
  const giveBack = (): Promise<void> => {
    calls++;
    return Promise.reject(new Error('no such function'));
  };
  const stop = keepReturningMemory({ residentBytes: () => 32 * MIB * ++looks, giveBack, checkMs: 1 });
  await wait(50);
  stop();
  expect(calls).toBeGreaterThan(1);
});

it('leaves what is in use as it is', async () => {
  const held = Array.from({ length: 200 }, (_, value) => Buffer.alloc(50_000, value));
  await returnUnusedMemory();
  expect(held.every((bytes, value) => bytes.every((byte) => byte === value))).toBe(true);
});
