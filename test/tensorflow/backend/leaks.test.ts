import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { promisify } from 'node:util';

import {
  add,
  backend,
  concat,
  engine,
  memory,
  mul,
  tensor,
  tensor1d,
  tidy,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import type { NodeJSKernelBackend } from '#tensorflow-kernels';

import { startTensorFlow } from '../../support/training.js';

beforeAll(async () => {
  await startTensorFlow();
});

const counts = (): { tfjs: number; native: number } => ({
  tfjs: memory().numTensors,
  native: (backend() as unknown as NodeJSKernelBackend).binding.getNumOfTensors(),
});

/** Runs the garbage collector, and the finalizers after it. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round++) {
    collect();
    await wait(0);
  }
}

describe('operations', () => {
  it('leave nothing behind, 100,000 of them, and memory is flat', () => {
    const [a, b] = [tensor1d(new Float32Array(1000).fill(1)), tensor1d(new Float32Array(1000).fill(2))];
    const run = (times: number): void => {
      for (let time = 0; time < times; time++) tidy(() => void mul(add(a, b), b));
    };
    // By then the heap's young generation has the size that it keeps.
    run(10_000);
    const before = { ...counts(), resident: process.memoryUsage.rss() };
    run(40_000);
    expect(counts()).toEqual({ tfjs: before.tfjs, native: before.native });
    // Had each left a tensor of 4 kB, it would be 320 MB.
    expect(process.memoryUsage.rss() - before.resident).toBeLessThan(64 * 2 ** 20);
    for (const tensor of [a, b]) tensor.dispose();
  });

  it('leave nothing behind where they fail', () => {
    const [a, b, matrix] = [tensor1d([1, 2]), tensor1d([1, 2, 3]), tensor([[1, 2]])];
    tidy(() => void add(a, a));
    tidy(() => void add(b, b));
    tidy(() => void add(matrix, matrix));
    const before = counts();
    for (let time = 0; time < 100; time++) {
      expect(() => engine().runKernel('Add', { a, b })).toThrow(/Add/);
      expect(() => concat([a, matrix])).toThrow(/[Cc]oncat/);
    }
    expect(counts()).toEqual(before);
    for (const tensor of [a, b, matrix]) tensor.dispose();
  });

  it('leave no strings behind', () => {
    const texts = ['short', 'x'.repeat(100_000)];
    const run = (times: number): void => {
      for (let time = 0; time < times; time++) tidy(() => concat([tensor(texts), tensor(texts)]).dataSync());
    };
    run(100);
    const resident = process.memoryUsage.rss();
    run(2000);
    // Had each left its strings, it would be 800 MB.
    expect(process.memoryUsage.rss() - resident).toBeLessThan(128 * 2 ** 20);
  });
});

describe('tensors that were forgotten', () => {
  it('are freed once nobody can read them', async () => {
    await collectGarbage();
    const before = counts().native;
    const kept: Tensor[] = [];
    const forget = (): void => {
      for (let index = 0; index < 100; index++) {
        const sum = add(tensor1d([index]), 1);
        // A clone keeps the data of the tensor that it was made of.
        if (index === 7) kept.push(sum.clone());
      }
    };
    forget();
    expect(counts().native).toBeGreaterThanOrEqual(before + 200);
    await collectGarbage();
    expect(counts().native).toBeLessThan(before + 20);
    expect(kept[0]?.dataSync()).toEqual(new Float32Array([8]));
    kept[0]?.dispose();
  });
});

it('bad calls are errors that name the kernel, and never end the process', async () => {
  const command = ['scripts/run-bench.mjs', 'fuzz-kernels', '600', '3'];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  expect(stdout).toMatch(/^600 calls, \d+ of them returned; 0 problems$/m);
});
