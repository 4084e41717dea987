import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, expect, it } from 'vitest';

import { learningRateText } from '../../../src/cli/terminal/results/learning-rate.js';
import { styleFor } from '../../../src/cli/terminal/style.js';
import { findLearningRate, train, type TrainOptions } from '../../../src/index.js';
import { toolkitError } from '../../support/errors.js';
import { writeParts } from '../../support/parts.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-'));
  await writeParts(folder);
  return () => rm(folder, { recursive: true, force: true });
});

function optionsWith(options: TrainOptions): TrainOptions {
  const places = { dataset: 'parts', dataDir: folder, checkpointsDir: join(folder, 'runs') };
  return { ...places, hiddenLayers: [8], batchSize: 50, threads: 1, ...options };
}

it('suggests a rate that trains, the same for the same seed, draws it, and leaves no run behind', async () => {
  const plot = join(folder, 'rates.svg');
  const found = await findLearningRate(optionsWith({ plot }));
  const { rates, suggestedLearningRate } = found;
  expect(rates[0]!.learningRate).toBe(1e-7);
  expect(suggestedLearningRate).toBeGreaterThan(1e-4);
  expect(suggestedLearningRate).toBeLessThan(1);
  expect(await readFile(plot, 'utf8')).toContain(`suggested: ${suggestedLearningRate}`);
  const text = learningRateText(found, styleFor(process.stdout, false, {}));
  expect(text).toContain(`▲ ${suggestedLearningRate}`);
  expect(text).toContain(`--learning-rate ${suggestedLearningRate}`);

  const again = await findLearningRate(optionsWith({}));
  expect(again).toMatchObject({ rates, suggestedLearningRate, plot: null });
  const other = await findLearningRate(optionsWith({ seed: 2 }));
  expect(other.rates).not.toEqual(rates);
  expect(await readdir(folder)).not.toContain('runs');
});

it('says so where no rate lowers the loss', async () => {
  // Each batch is all images, and gradients are clipped to nothing.
  const still = { optimizer: 'sgd', clipNorm: 1e-30, batchSize: 1000, averageWeights: 0.9 } as const;
  const found = await findLearningRate(optionsWith(still));
  expect(found.suggestedLearningRate).toBeNull();
  expect(learningRateText(found, styleFor(process.stdout, false, {}))).toContain('no rate lowered the loss');
});

it.each<TrainOptions>([
  { resume: 'latest' },
  { reproduce: 'latest' },
  { run: 'named' },
  { minAccuracy: 0.9 },
])('refuses what only a run has: %o', async (options) => {
  const { message } = await toolkitError('USAGE', findLearningRate(optionsWith(options)));
  expect(message).toContain('the test makes no run');
});

it('is refused in private training, and as an option of what trains', async () => {
  await toolkitError(
    'PRIVACY_UNSUPPORTED',
    findLearningRate(optionsWith({ private: true, noiseMultiplier: 1 })),
  );
  await toolkitError('USAGE', train(optionsWith({ findLearningRate: true })));
});
