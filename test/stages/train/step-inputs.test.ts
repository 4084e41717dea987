import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { loadFloats } from '../../../src/artifacts/safetensors.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { evaluate, train, type TrainOptions } from '../../../src/index.js';
import { toolkitError } from '../../support/errors.js';
import { expectClose } from '../../support/numbers.js';
import { writeParts } from '../../support/parts.js';

let places: { dataDir: string; checkpointsDir: string };

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-inputs-'));
  places = { dataDir: folder, checkpointsDir: join(folder, 'runs') };
  await writeParts(folder);
  return () => rm(folder, { recursive: true, force: true });
});

afterEach(() => {
  vi.restoreAllMocks();
});

type Trained = Awaited<ReturnType<typeof train>>;

const COMMON = {
  ...{ dataset: 'parts', threads: 1, features: 'scattering', scatteringScales: 1 },
  ...{ hiddenLayers: [8], activation: 'tanh', optimizer: 'sgd', batchSize: 60, epochs: 2 },
} satisfies TrainOptions;

function trained(options: TrainOptions, events: ToolkitEvent[] = []): Promise<Trained> {
  return train({ ...COMMON, ...places, ...options }, silentContext({ emit: (event) => events.push(event) }));
}

/** Trains where memory is short, so that features are computed in each step; says the notices of it. */
async function trainedInSteps(options: TrainOptions): Promise<{ result: Trained; notices: string[] }> {
  const events: ToolkitEvent[] = [];
  vi.spyOn(process, 'availableMemory').mockReturnValue(0);
  const result = await trained(options, events);
  vi.restoreAllMocks();
  const notices = events.flatMap((event) => (event.event === 'notice' ? [event.message] : []));
  return { result, notices };
}

const ANEW = /features of 1,000 images would take .* computed in each step/;

async function weightsOf({ folder }: Trained): Promise<number[]> {
  const { tensors } = await readCheckpoint(join(folder, 'last.safetensors'));
  const names = [...tensors.keys()].filter((name) => name.startsWith('parameters/')).sort();
  return names.flatMap((name) => [...loadFloats(tensors.get(name)!)]);
}

async function meanOf({ checkpoint }: Trained): Promise<Float32Array> {
  return loadFloats((await readCheckpoint(checkpoint)).tensors.get('parameters/scattering/mean')!);
}

async function historyOf({ folder }: Trained): Promise<number[]> {
  const { progress } = (await readCheckpoint(join(folder, 'last.safetensors'))).description;
  return progress.history.flatMap(({ loss, validation }) => [loss, validation!.loss]);
}

describe('features that are computed once', () => {
  it.each(['auto', 'eager'] as const)('train as those of each step do (engine %s)', async (engine) => {
    const once = await trained({ run: `once-${engine}`, engine });
    const { result: anew, notices } = await trainedInSteps({ run: `anew-${engine}`, engine });
    expect(notices.filter((message) => ANEW.test(message))).toHaveLength(1);
    expectClose(await weightsOf(once), await weightsOf(anew), 1e-4);
    expectClose(await historyOf(once), await historyOf(anew), 1e-4);
    // The stored model takes images.
    const { accuracy, loss } = await evaluate(once.run, { ...places, threads: 1 });
    expect([accuracy, loss]).toEqual([once.test.accuracy, expect.closeTo(once.test.loss, 5)]);
  });

  it('are computed again where a run goes on', async () => {
    const whole = await trained({ run: 'whole' });
    await trained({ run: 'parted', stopAfter: 1 });
    const parted = await train({ ...places, resume: 'parted' });
    expect(await weightsOf(parted)).toEqual(await weightsOf(whole));
  });

  it('are used by private runs, and with layers that are frozen', async () => {
    const apply = { private: true, noiseMultiplier: 0.5, publicValidation: true };
    const first = await trained({ run: 'private', ...apply });
    expect(first.privacy!.steps).toBe(20);
    const options = {
      initFrom: 'private',
      freeze: ['dense1'],
      private: true,
      noiseMultiplier: 2,
      run: 'frozen',
    };
    const frozen = await trained(options);
    const kernels = await Promise.all(
      [first.checkpoint, frozen.checkpoint].map(async (path) => {
        const { tensors } = await readCheckpoint(path);
        return loadFloats(tensors.get('parameters/dense1/kernel')!);
      }),
    );
    expect(kernels[1]).toEqual(kernels[0]);
  });

  it('have their mean estimated once and accounted for, whether they are computed once or in each step', async () => {
    const apply = { private: true, targetEpsilon: 8, scatteringMeanNoise: 5, epochs: 2 };
    const once = await trained({ run: 'centred', ...apply, stopAfter: 1 });
    const { result: anew } = await trainedInSteps({ run: 'centred-anew', ...apply, epochs: 1 });
    expect(once.privacy!.inherited).toEqual([{ sampleRate: 1, noiseMultiplier: 5, steps: 1 }]);
    expect(anew.privacy!.epsilon).toBeLessThanOrEqual(8);
    const [first, second] = await Promise.all([once, anew].map(meanOf));
    // Noise of 5 × √size ÷ 600 images in each number of both, within 6 standard errors of their variance.
    const deviation = (5 * Math.sqrt(first!.length)) / 600;
    const variance =
      first!.reduce((sum, value, at) => sum + (value - second![at]!) ** 2, 0) / first!.length / 2;
    expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(6 * Math.sqrt(2 / first!.length));
    const whole = await train({ ...places, resume: 'centred' });
    expect(await meanOf(whole)).toEqual(first);
    expect(whole.privacy!.epsilon).toBeLessThanOrEqual(8);
    const { accuracy } = await evaluate(whole.run, { ...places, threads: 1 });
    expect(accuracy).toBe(whole.test.accuracy);
    const next = await trained({
      initFrom: 'centred',
      private: true,
      noiseMultiplier: 2,
      run: 'centred-next',
    });
    expect(await meanOf(next)).toEqual(first);
    expect(next.privacy!.inherited).toHaveLength(2);
  });

  it('have no mean subtracted in a run that is not private', async () => {
    const error = await toolkitError('USAGE', trained({ run: 'ordinary', scatteringMeanNoise: 5 }));
    expect(error.message).toContain('--private');
  });

  it('are not computed before images are augmented', async () => {
    const { notices } = await trainedInSteps({ run: 'augmented', augmentShift: 1, epochs: 1 });
    expect(notices.filter((message) => ANEW.test(message))).toEqual([]);
  });
});
