import { expect, it } from 'vitest';

import type { RunOptions, TrainingProgram } from '../../../src/engine/running/program.js';
import { PrivateEpochs } from '../../../src/training/privacy/private-epochs.js';

/** A program that only notes the sizes of its batches, and how many images of each count. */
function noting(): { program: TrainingProgram; sizes: number[]; counts: number[] } {
  const [sizes, counts]: [number[], number[]] = [[], []];
  const program: TrainingProgram = {
    execution: undefined,
    run({ order, batchSizes = [], coefficients, onSlice }: RunOptions) {
      expect(order.length).toBe(batchSizes.reduce((sum, size) => sum + size, 0));
      sizes.push(...batchSizes);
      counts.push(...batchSizes.map((_, batch) => coefficients(batch)['count']!));
      const metrics = new Float32Array(batchSizes.length);
      onSlice({ first: 0, losses: metrics, correct: metrics });
      return Promise.resolve(batchSizes.length);
    },
    replaceImages: () => Promise.resolve(),
    dispose: () => undefined,
  };
  return { program, sizes, counts };
}

async function drawn(images: number, batchSize: number): Promise<{ sizes: number[]; counts: number[] }> {
  const { program, ...noted } = noting();
  const training = Int32Array.from({ length: images }, (_, index) => index);
  await new PrivateEpochs(program, training, { batchSize, threads: 2 }).run(1, {
    firstBatch: 0,
    coefficients: () => ({}),
    signal: new AbortController().signal,
    onSlice: () => undefined,
  });
  return noted;
}

it('a sample is filled up to the next of a few sizes, none of which cuts it', async () => {
  // Standard deviation 7.9: one, two and six of them above the mean, and all images.
  const sizes = [64, 72, 80, 112, 6400];
  const noted = await drawn(6400, 64);
  expect(noted.sizes).toHaveLength(100);
  noted.sizes.forEach((size, batch) => {
    expect(size).toBe(sizes.find((least) => least >= noted.counts[batch]!));
  });
  expect(new Set(noted.sizes).size).toBeGreaterThan(1);
});

it('large samples differ too little for more than one usual size', async () => {
  const { sizes, counts } = await drawn(60_000, 8192);
  expect(sizes.filter((size) => size !== 8368 && size !== 8704)).toEqual([]);
  expect(Math.min(...counts)).toBeGreaterThan(7600);
});
