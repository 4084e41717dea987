import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, inject, it } from 'vitest';

import { evaluate, train, type Evaluation } from '../../../src/index.js';

let checkpointsDir: string;
const evaluated = (name: string, options: object = {}): Promise<Evaluation> =>
  evaluate(name, { dataDir: inject('smallDataDir'), checkpointsDir, threads: 1, resamples: 100, ...options });

beforeAll(async () => {
  checkpointsDir = await mkdtemp(join(tmpdir(), 'mnist-train-test-evaluate-'));
  const common = { dataDir: inject('smallDataDir'), checkpointsDir, threads: 1, validationSplit: 0.5 };
  await train({ ...common, run: 'long', epochs: 3 });
  await train({ ...common, run: 'short', epochs: 1, seed: 2 });
  return () => rm(checkpointsDir, { recursive: true, force: true });
});

describe('two checkpoints on the test images', () => {
  let long: Evaluation;
  let short: Evaluation;
  beforeAll(async () => {
    long = await evaluated('long', { compare: 'short', robustness: true, mistakes: 12 });
    short = await evaluated('short');
  });

  it('intervals hold the numbers that they are for', () => {
    const { intervals } = long;
    expect(intervals!.resamples).toBe(100);
    for (const key of ['accuracy', 'loss', 'brier', 'balancedAccuracy', 'cohenKappa'] as const) {
      expect(intervals![key].low, key).toBeLessThan(long[key]);
      expect(intervals![key].high, key).toBeGreaterThan(long[key]);
    }
    expect(long.topK.map(({ k }) => k)).toEqual([2, 3, 5]);
    expect(long.topK[0]!.accuracy).toBeGreaterThan(long.accuracy);
    expect(long.rocAuc.macro).toBeGreaterThan(0.98);
  });

  it('the comparison adds up', () => {
    const { comparison, n, accuracy } = long;
    const { onlyFirst, onlySecond, pValue, differing } = comparison!;
    expect(comparison!.accuracy).toBe(short.accuracy);
    expect((onlyFirst - onlySecond) / n).toBeCloseTo(accuracy - short.accuracy, 12);
    expect(pValue).toBeLessThan(1e-6);
    expect(differing.filter(({ label, predicted }) => label === predicted)).toHaveLength(onlyFirst);
    expect(differing.filter(({ label, other }) => label === other)).toHaveLength(onlySecond);
    expect(differing.every(({ predicted, other }) => predicted !== other)).toBe(true);
  });

  it('images made worse are told apart less well', () => {
    const { robustness, accuracy } = long;
    expect(robustness).toHaveLength(12);
    for (const name of ['noise', 'rotation', 'shift', 'blur']) {
      const own = robustness!.filter(({ corruption }) => corruption === name).map((entry) => entry.accuracy);
      expect(own, name).toEqual([...own].sort((a, b) => b - a));
      expect(own.at(-1), name).toBeLessThan(accuracy - 0.02);
    }
  });

  it('mistakes are listed and drawn, the surest first', async () => {
    const { mistakes, mistakeSheet } = long;
    expect(mistakes).toHaveLength(12);
    const sure = mistakes.map(({ probability }) => probability);
    expect(sure).toEqual([...sure].sort((a, b) => b - a));
    expect(mistakes.every(({ label, predicted }) => label !== predicted)).toBe(true);
    const { format, height } = await sharp(mistakeSheet!).metadata();
    const pairs = new Set(mistakes.map(({ label, predicted }) => `${label} ${predicted}`));
    expect(format).toBe('png');
    expect(height).toBeGreaterThanOrEqual(pairs.size * 56);
  });

  it('the report holds all of it', async () => {
    expect(JSON.parse(await readFile(long.report!, 'utf8'))).toEqual(long);
  });

  it('the keys of the JSON are a contract with scripts', () => {
    expect(Object.keys(long)).toEqual([
      ...['checkpoint', 'run', 'model', 'members', 'views', 'dataset', 'split', 'backend', 'device'],
      ...['n', 'accuracy', 'loss', 'brier', 'balancedAccuracy', 'cohenKappa', 'matthewsCorrelation'],
      ...['topK', 'macro', 'weighted', 'rocAuc', 'averagePrecision', 'calibration'],
      ...['absentClasses', 'neverPredicted', 'perClass', 'confusion'],
      ...[
        'intervals',
        'seconds',
        'imagesPerSecond',
        'scaled',
        'decisions',
        'comparison',
        'robustness',
        'metric',
      ],
      ...['mistakes', 'mistakeSheet', 'report'],
    ]);
  });
});

it('what was not asked for is null, and the same options give the same numbers', async () => {
  const [first, second] = [await evaluated('short'), await evaluated('short', { resamples: 0 })];
  expect(second).toMatchObject({ intervals: null, comparison: null, robustness: null, mistakeSheet: null });
  expect(second.mistakes).toEqual([]);
  const numbers = (evaluation: Evaluation): object => ({
    ...evaluation,
    ...{ seconds: 0, imagesPerSecond: 0, intervals: null },
  });
  expect(numbers(first)).toEqual(numbers(second));
  expect((await evaluated('short')).intervals).toEqual(first.intervals);
});
