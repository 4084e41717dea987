import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, inject, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { loadFloats, storeFloats } from '../../src/artifacts/safetensors.js';
import { embed, evaluate, explain, predict } from '../../src/index.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import { fileOf } from '../support/hostile-checkpoints.js';
import { pngOf } from '../support/pictures.js';
import {
  askJson,
  ask,
  inferenceRequest,
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
} from '../support/serving.js';

let intact: string;
let picture: Buffer;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-useless-'));
  intact = await writeMnistCheckpoint(folder, 'intact', 3);
  picture = await pngOf((await preparedMnist()).test.pixels.slice(0, 784));
  return () => rm(folder, { recursive: true, force: true });
});

/** The checkpoint with other weights, and a hash that is right. */
async function withWeights(
  change: (values: Float32Array, name: string) => void,
  config: Record<string, unknown> = {},
): Promise<string> {
  const { description: before, tensors } = await readCheckpoint(intact);
  const description = { ...before, config: { ...before.config, ...config } };
  const changed = new Map(
    [...tensors].map(([name, stored]) => {
      const values = Float32Array.from(loadFloats(stored));
      change(values, name);
      return [name, storeFloats(values, stored.shape)];
    }),
  );
  const path = join(await temporaryFolder(), 'changed.safetensors');
  await writeFile(path, fileOf({ description, tensors: changed }));
  return path;
}

const one =
  (value: number) =>
  (values: Float32Array): void => {
    values[values.length >> 1] = value;
  };

const useless: [string, (values: Float32Array, name: string) => void, RegExp][] = [
  ['a weight of NaN', one(NaN), /^[^\n]*holds values that are not numbers$/],
  ['a weight of Infinity', one(Infinity), /^[^\n]*holds values that are not numbers$/],
  // Each is a number, their sums are not.
  ['weights that overflow', (values) => void values.fill(3e38), /^[^\n]*its outputs are not numbers$/],
];

describe.each(useless)('%s', (_, change, message) => {
  it('is refused by predict, evaluate, explain and embed, in one line', async () => {
    const path = await withWeights(change);
    const common = { dataDir: inject('smallDataDir'), threads: 1 };
    const pictures = [{ name: 'seven.png', read: () => Promise.resolve(new Uint8Array(picture)) }];
    for (const engine of ['auto', 'eager'] as const) {
      for (const attempt of [
        () => predict(path, pictures, { threads: 1, engine }),
        () => evaluate(path, { ...common, resamples: 0, engine }),
      ]) {
        expect((await toolkitError('CHECKPOINT_REFUSED', attempt())).message).toMatch(message);
      }
    }
    const explained = explain(path, pictures, { ...common, output: join(await temporaryFolder(), 'x.png') });
    expect((await toolkitError('CHECKPOINT_REFUSED', explained)).message).toMatch(message);
  });

  it('is refused by serve, also as a new version of a running server', async () => {
    const path = await withWeights(change);
    expect((await toolkitError('CHECKPOINT_REFUSED', serveForTest(path))).message).toMatch(message);
  });
});

it('embeddings that are not numbers are refused', async () => {
  const path = await withWeights(one(NaN));
  const output = join(await temporaryFolder(), 'embeddings.npy');
  await toolkitError(
    'CHECKPOINT_REFUSED',
    embed(path, { dataDir: inject('smallDataDir'), threads: 1, output }),
  );
});

it('images that alone bring it out are answered with an error, and the others with their class', async () => {
  const { url } = await serveForTest(await overflowingAtCorner());
  const pixels = (await preparedMnist()).test.pixels.slice(0, 784);
  const classify = (image: Uint8Array): ReturnType<typeof askJson> =>
    askJson(`${url}/v2/models/mnist/infer`, inferenceRequest(image, 1));
  expect((await classify(pixels)).status).toBe(200);
  pixels.fill(255);
  const { status, body } = await classify(pixels);
  expect([status, body['error']]).toEqual([500, 'the model’s outputs for these images are not numbers']);
  expect(JSON.stringify(body)).not.toMatch(/null|NaN/);
  expect((await ask(`${url}/v2/health/ready`)).status).toBe(200);
});

/** A model that overflows where both of two pixels are white: they are black in the image that a server tries first. */
async function overflowingAtCorner(): Promise<string> {
  return withWeights(
    (values, name) => {
      // Of the second layer, so that infinities do not meet before the last: some kernels make 0 of NaN.
      if (values.length === 32 * 16) values.fill(1);
      if (values.length !== 784 * 32) return;
      expect(name).toContain('kernel');
      for (const pixel of [0, 256]) values.fill(3e38, 32 * pixel, 32 * (pixel + 1));
    },
    { activation: 'relu' },
  );
}
