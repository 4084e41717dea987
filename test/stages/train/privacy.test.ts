import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { readCheckpoint, readCheckpointDescription } from '../../../src/artifacts/checkpoint.js';
import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import { findPrepared } from '../../../src/artifacts/prepared.js';
import { styleFor } from '../../../src/cli/terminal/style.js';
import { runsText } from '../../../src/cli/terminal/results/runs.js';
import { trainText } from '../../../src/cli/terminal/results/train.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { deploy, train, type TrainOptions } from '../../../src/index.js';
import { classifyPixels } from '../../../src/models/classify-pixels.js';
import { describeTraining } from '../../../src/serving/watching/describe-training.js';
import { encodeReference } from '../../../src/serving/watching/reference-file.js';
import { summariseRuns } from '../../../src/stages/runs/list-runs.js';
import { epsilonOf } from '../../../src/training/privacy/accounting/index.js';
import { toolkitError } from '../../support/errors.js';
import { writeParts } from '../../support/parts.js';

let places: { dataDir: string; checkpointsDir: string };

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-privacy-'));
  places = { dataDir: folder, checkpointsDir: join(folder, 'runs') };
  await writeParts(folder);
  return () => rm(folder, { recursive: true, force: true });
});

type Trained = Awaited<ReturnType<typeof train>>;

const COMMON = { dataset: 'parts', threads: 1, hiddenLayers: [8], batchSize: 200, epochs: 2 };
const PRIVATE: TrainOptions = { private: true, noiseMultiplier: 2 };

function trained(options: TrainOptions, events: ToolkitEvent[] = []): Promise<Trained> {
  return train({ ...COMMON, ...places, ...options }, silentContext({ emit: (event) => events.push(event) }));
}

const refusal = async (options: TrainOptions): Promise<string> =>
  (await toolkitError('PRIVACY_UNSUPPORTED', trained({ ...PRIVATE, ...options }))).message;

describe('a private run', () => {
  it('has its account in checkpoint, configuration, list and result; no validation image was looked at', async () => {
    const result = await trained({ ...PRIVATE, run: 'first', clipNorm: 0.5 });
    const { privacy, progress, data, preprocessing } = await readCheckpointDescription(result.checkpoint);
    const batches = Math.ceil(data.trainingImages / 200);
    const sampleRate = 200 / data.trainingImages;
    const events = [{ sampleRate, noiseMultiplier: 2, steps: 2 * batches }];
    expect(privacy).toEqual({
      ...events[0],
      ...{ epsilon: epsilonOf(events, 1e-3).pld, renyi: epsilonOf(events, 1e-3).renyi, delta: 1e-3 },
      ...{ inherited: [], clipNorm: 0.5, validation: 'unused' },
    });
    expect(result.privacy).toEqual(privacy);
    const config = JSON.parse(await readFile(join(result.folder, 'config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ privacy, config: { private: true, noiseMultiplier: 2 } });
    expect(progress.history.map(({ validation }) => validation)).toEqual([null, null]);
    // Poisson samples count as often as expected.
    expect(result.bestEpoch).toBe(2);
    expect(preprocessing.scaling).not.toBe('standardize');
    const listed = await summariseRuns(places.checkpointsDir);
    expect(listed[0]!.privacy).toEqual(privacy);
    expect(runsText(listed, places.checkpointsDir)).toMatch(/ε [\d.]+, δ 1e-3/);
    expect(trainText(result, styleFor({}, false, {}))).toMatch(/privacy +ε [\d.]+, δ 1e-3/);
  });

  it('goes on with the account that it has', async () => {
    await trained({ ...PRIVATE, run: 'parted', stopAfter: 1 });
    const first = (await readCheckpointDescription(join(places.checkpointsDir, 'parted/last.safetensors')))
      .privacy!;
    const { privacy } = await train({ ...places, resume: 'parted' });
    expect(privacy!.steps).toBe(2 * first.steps);
    expect(privacy!.epsilon).toBeGreaterThan(first.epsilon!);
    expect(
      (await toolkitError('RESUME_CONFLICT', train({ ...places, resume: 'parted', private: false }))).message,
    ).toContain('private');
  });

  it('finds the noise for a target, and stays just below it', async () => {
    const { privacy } = await trained({ private: true, targetEpsilon: 2, run: 'target' });
    expect(privacy!.epsilon).toBeLessThanOrEqual(2);
    expect(privacy!.epsilon).toBeGreaterThan(1.95);
  });

  it('ends before the epoch that would spend too much, and goes on with a larger budget', async () => {
    const events: ToolkitEvent[] = [];
    const whole = await trained({ ...PRIVATE, run: 'all', epochs: 4 });
    const limit = whole.privacy!.epsilon! * 0.8;
    const { epochs, privacy } = await trained(
      { ...PRIVATE, run: 'limited', epochs: 4, maxEpsilon: limit },
      events,
    );
    expect(epochs).toBeLessThan(4);
    expect(privacy!.epsilon).toBeLessThanOrEqual(limit);
    expect(events).toContainEqual(expect.objectContaining({ code: 'PRIVACY_BUDGET' }));
    const more = await train({ ...places, resume: 'limited', maxEpsilon: 2 * limit });
    expect([more.epochs, more.privacy!.epsilon]).toEqual([4, whole.privacy!.epsilon]);
    const none = trained({ ...PRIVATE, maxEpsilon: 1e-3 });
    expect((await toolkitError('USAGE', none)).message).toContain('the first epoch would already spend more');
  });

  it('chooses by validation images, and stops early, only where they are declared public', async () => {
    const { checkpoint, privacy: spent } = await trained({
      ...PRIVATE,
      run: 'public',
      publicValidation: true,
      // Nothing changes, so that the first epoch is the best.
      ...{ earlyStopping: 1, epochs: 3, learningRate: 1e-30 },
    });
    const { progress, privacy } = await readCheckpointDescription(checkpoint);
    // That the second was no better comes from its steps.
    expect([progress.history.length, progress.step * 2]).toEqual([1, spent!.steps]);
    expect(privacy).toEqual(spent);
    expect(progress.history.every(({ validation }) => validation !== null)).toBe(true);
    expect(privacy!.validation).toBe('public');
    expect(await refusal({ earlyStopping: 1 })).toContain('--early-stopping');
  });
});

describe('weights to begin with', () => {
  it('that have seen the images unprotected are refused; private ones bring their account', async () => {
    const open = await trained({ run: 'open' });
    expect(await refusal({ initFrom: open.checkpoint })).toContain('without protection');
    const before = await trained({ ...PRIVATE, run: 'before' });
    const { privacy } = await trained({ ...PRIVATE, run: 'after', initFrom: before.checkpoint });
    const { sampleRate, noiseMultiplier, steps } = before.privacy!;
    expect(privacy!.inherited).toEqual([{ sampleRate, noiseMultiplier, steps }]);
    expect(privacy!.epsilon).toBeGreaterThan(before.privacy!.epsilon!);
    const target = trained({ private: true, targetEpsilon: 2, initFrom: before.checkpoint });
    expect((await toolkitError('PRIVACY_UNSUPPORTED', target)).hint).toContain('--noise-multiplier');
    // A data set of the same name that has other images now still has most of them.
    const dataDir = join(places.dataDir, 'grown');
    await writeParts(dataDir, 'grown');
    expect(await refusal({ dataDir, initFrom: open.checkpoint })).toContain('without protection');
    // The other way round they would be exposed without a word.
    const exposed = trained({ initFrom: before.checkpoint });
    expect((await toolkitError('PRIVACY_UNSUPPORTED', exposed)).message).toContain(
      'would expose the same images',
    );
  });
});

describe('what would look at images beside the account is refused', () => {
  it.each<[string, TrainOptions, string]>([
    ['balanced sampling', { sampling: 'balanced' }, '--sampling balanced'],
    ['balanced class weights', { classWeights: 'balanced' }, '--class-weights balanced'],
    ['features fitted to the images', { features: 'pca' }, '--features that are fitted'],
    ['their mean', { scaling: 'standardize' }, '--scaling standardize'],
    ['norms of 16 bits', { precision: 'mixed' }, '--precision mixed'],
  ])('%s', async (_, options, words) => {
    expect(await refusal(options)).toContain(words);
  });

  it('a repetition, as samples and noise are not stored', async () => {
    await trained({ ...PRIVATE, run: 'unique' });
    const repeated = train({ ...places, reproduce: 'unique' });
    expect((await toolkitError('PRIVACY_UNSUPPORTED', repeated)).message).toContain('not stored');
  });

  it('a batch-normalised model, with advice', async () => {
    const options = { ...PRIVATE, model: 'cnn-small', filters: [4], padding: 'same' } as TrainOptions;
    const refused = trained({ ...options, hiddenLayers: undefined });
    expect((await toolkitError('PRIVACY_UNSUPPORTED', refused)).hint).toContain('--normalization group');
  });

  it('what an export measures: it measures test images', async () => {
    const { checkpoint } = await trained({ ...PRIVATE, epochs: 1, run: 'exported' });
    const registryDir = join(places.dataDir, 'models');
    await deploy(checkpoint, { registryDir, dataDir: places.dataDir, threads: 1 });
    const { folder } = await new ModelRegistry(registryDir).resolve('parts', 1);
    const stored = await readFile(join(folder, 'reference.json'), 'utf8');
    const { test } = (await findPrepared(places.dataDir, 'parts'))!;
    const read = await readCheckpoint(checkpoint);
    const { signal } = new AbortController();
    const reference = await describeTraining(test, 2, (pixels) => classifyPixels(read, pixels, { signal }));
    expect(stored).toBe(encodeReference(reference, 'parts'));
  });

  it('weights of classes that were written down are allowed', async () => {
    const { privacy } = await trained({ ...PRIVATE, epochs: 1, classWeights: { good: 1, bad: 3 } });
    expect(privacy!.epsilon).toBeGreaterThan(0);
  });

  it.each<[string, TrainOptions, string]>([
    ['no noise', { private: true }, 'its noise'],
    ['two kinds of noise', { ...PRIVATE, targetEpsilon: 1 }, 'only one'],
    [
      'a δ that allows to publish an image',
      { ...PRIVATE, delta: 0.01 },
      'it would allow an image to be published',
    ],
    ['noise without protection', { noiseMultiplier: 1 }, 'has no effect without private'],
  ])('%s is a mistake', async (_, options, words) => {
    expect((await toolkitError('USAGE', trained(options))).message).toContain(words);
  });
});

it('the weights of a private run do not follow from its seed', async () => {
  const tensors = async ({ checkpoint }: Trained): Promise<string> => {
    const stored = (await readCheckpoint(checkpoint)).tensors;
    return [...stored.values()].map(({ bytes }) => Buffer.from(bytes).toString('base64')).join();
  };
  const once = await tensors(await trained({ ...PRIVATE, epochs: 1, seed: 5 }));
  expect(await tensors(await trained({ ...PRIVATE, epochs: 1, seed: 5 }))).not.toBe(once);
});
