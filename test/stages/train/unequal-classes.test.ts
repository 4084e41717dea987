import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, expect, it } from 'vitest';

import { readCheckpoint, readCheckpointDescription } from '../../../src/artifacts/checkpoint.js';
import { evaluate, train, type TrainOptions } from '../../../src/index.js';
import { toolkitError } from '../../support/errors.js';
import { writeParts } from '../../support/parts.js';

let folder: string;
let places: { dataDir: string; checkpointsDir: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-classes-'));
  places = { dataDir: folder, checkpointsDir: join(folder, 'runs') };
  await writeParts(folder);
  return () => rm(folder, { recursive: true, force: true });
});

const COMMON = {
  dataset: 'parts',
  threads: 1,
  hiddenLayers: [8],
  batchSize: 20,
  epochs: 6,
  learningRate: 0.01,
};

type Trained = Awaited<ReturnType<typeof train>>;

function trained(options: TrainOptions): Promise<Trained> {
  return train({ ...COMMON, ...places, ...options });
}

async function recallOfBad(run: string): Promise<number> {
  return (await evaluate(run, { ...places, threads: 1, resamples: 0 })).perClass[1]!.recall!;
}

/** The bytes of all tensors of a run's last checkpoint. */
async function stateOf({ folder: path }: Trained): Promise<Map<string, Uint8Array>> {
  const { tensors } = await readCheckpoint(join(path, 'last.safetensors'));
  return new Map([...tensors].map(([name, { bytes }]) => [name, bytes]));
}

it('a run records its sampling, its loss and the weights of a file, and is resumed and repeated without the file', async () => {
  const file = join(folder, 'weights.json');
  await writeFile(file, '{"good": 1, "bad": 12}');
  // As a person gives it; the types of the library take the weights themselves.
  const weights = { classWeights: file, sampling: 'balanced', loss: 'focal' } as unknown as TrainOptions;
  const whole = await trained({ ...weights, run: 'whole' });
  await trained({ ...weights, run: 'parted', stopAfter: 2 });
  await rm(file);
  const { config, progress } = await readCheckpointDescription(whole.checkpoint);
  expect(config).toMatchObject({ classWeights: { bad: 12, good: 1 }, sampling: 'balanced', loss: 'focal' });
  expect(progress.history.every(({ validation }) => validation?.weightedAccuracy !== undefined)).toBe(true);

  const resumed = await train({ ...places, resume: 'parted' });
  expect(await stateOf(resumed)).toEqual(await stateOf(whole));
  const { reproduction } = await train({ ...places, reproduce: 'whole', run: 'again' });
  expect(reproduction).toMatchObject({ identical: true });
  const other = { ...places, resume: 'whole', epochs: 7, classWeights: { good: 1, bad: 2 } };
  expect((await toolkitError('RESUME_CONFLICT', train(other))).message).toContain('"bad":2');
});

it('of 30 bad parts among 600, a model finds more with any of the ways to make them count', async () => {
  await trained({ run: 'plain' });
  const plain = await recallOfBad('plain');
  const ways: [string, TrainOptions][] = [
    ['weights', { classWeights: 'balanced' }],
    ['sampling', { sampling: 'balanced' }],
    ['focal', { loss: 'focal', classWeights: { good: 1, bad: 19 } }],
  ];
  for (const [run, options] of ways) {
    await trained({ run, ...options });
    const recall = await recallOfBad(run);
    expect(recall, run).toBeGreaterThan(plain + 0.1);
  }
});

it.each<[string, object, string]>([
  ['a class that there is not', { classWeights: { good: 1, bad: 2, ugly: 3 } }, 'no class "ugly"'],
  ['a class without a weight', { classWeights: { bad: 2 } }, 'no weight for class "good"'],
  ['a file that is not there', { classWeights: 'nowhere.json' }, 'nowhere.json: not found'],
  ['both ways at once', { classWeights: 'balanced', sampling: 'balanced' }, 'cannot be combined'],
])('%s is refused', async (_, options, message) => {
  expect((await toolkitError('USAGE', trained(options))).message).toContain(message);
});

it.each<[string, object]>([
  ['a weight of 0', { classWeights: { good: 0, bad: 2 } }],
  ['smoothed focal loss', { loss: 'focal', labelSmoothing: 0.1 }],
  ['a γ without focal loss', { focalGamma: 1 }],
])('%s is refused', async (_, options) => {
  await expect(trained(options)).rejects.toMatchObject({ exitCode: 2 });
});
