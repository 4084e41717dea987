import { setTimeout as wait } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { keepReturningMemory } from '../../src/serving/memory-return.js';
import { returnUnusedMemory } from '../../src/tensorflow/c-api/unused-memory.js';

const MIB = 2 ** 20;

it('gives memory back for as long as the process is larger than it was', async () => {
  let [resident, inUse, calls] = [100 * MIB, 0, 0];
  const giveBack = (): Promise<void> => {
    calls++;
    resident = Math.max(100 * MIB, inUse);
    return Promise.resolve();
  };
  const stop = keepReturningMemory({ residentBytes: () => resident, giveBack, checkMs: 1 });
  await wait(30);
  expect(calls).toBe(0);
  [resident, inUse] = [400 * MIB, 300 * MIB];
  await wait(30);
  expect(resident).toBe(300 * MIB);
  // The burst is over.
  inUse = 0;
  await wait(30);
  expect(resident).toBe(100 * MIB);
  const before = calls;
  await wait(30);
  expect(calls).toBe(before);
  stop();
  resident = 400 * MIB;
  await wait(30);
  expect(calls).toBe(before);
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
