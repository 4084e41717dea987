import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, inject, it } from 'vitest';

import { decisionPath, writeDecision } from '../../src/artifacts/decision.js';
import { ModelRegistry } from '../../src/artifacts/model-registry.js';
import { RegistryWriter } from '../../src/deployment/registry-writer.js';
import { deploy } from '../../src/index.js';
import { readReference, referencePath } from '../../src/serving/watching/reference-file.js';
import { storedDecision } from '../support/decisions.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import {
  ask,
  askJson,
  inferenceRequest,
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
} from '../support/serving.js';

interface Drift {
  feature: string;
  alert: boolean;
  psi: number;
}

it('a registered model brings its decision and what drift is measured against; no data folder is needed', async () => {
  const folder = await temporaryFolder();
  const registryDir = join(folder, 'models');
  const checkpoint = await writeMnistCheckpoint(folder, 'three', 3);
  const thresholds = Array<number>(10).fill(1);
  await writeDecision(checkpoint, await storedDecision(checkpoint, { temperature: 200, thresholds }));
  const deployed = await deploy(checkpoint, { registryDir, dataDir: inject('smallDataDir'), threads: 1 });
  const registry = new ModelRegistry(registryDir);
  const { manifest } = await registry.resolve('mnist', 1);
  expect(manifest.files.map(({ path }) => path)).toEqual([
    'decision.json',
    'model.safetensors',
    'predictions.safetensors',
    'reference.json',
  ]);
  await new RegistryWriter(registry).promote('mnist', 1, { force: true });

  const { url, events } = await serveForTest(undefined, {
    registryDir,
    dataDir: join(folder, 'nothing'),
    drift: true,
    window: 400,
  });
  const { pixels } = (await preparedMnist()).test;
  const send = async (images: Uint8Array): Promise<Drift[]> => {
    for (let start = 0; start < 400; start += 16) {
      const part = images.subarray(start * 784, (start + 16) * 784);
      const { body } = await askJson(`${url}/v2/models/mnist/infer`, inferenceRequest(part, 16));
      expect(JSON.stringify(body)).toContain('"abstained","datatype":"BOOL","shape":[16],"data":[true');
    }
    return (await ask(`${url}/status`)).body['drift'] as Drift[];
  };
  const alertOf = (drift: Drift[], name: string): boolean | undefined =>
    drift.find(({ feature }) => feature === name)?.alert;
  await expect.poll(async () => (await send(pixels.slice(0, 400 * 784))).length, { timeout: 30_000 }).toBe(7);
  const same = await send(pixels.slice(0, 400 * 784));
  expect([alertOf(same, 'ink'), alertOf(same, 'brightness')]).toEqual([false, false]);
  const inverted = await send(pixels.slice(0, 400 * 784).map((pixel) => 255 - pixel));
  expect([alertOf(inverted, 'ink'), alertOf(inverted, 'brightness')]).toEqual([true, true]);
  expect(events.filter(({ event }) => event === 'notice')).toEqual([]);

  // The same file beside a model of other data says nothing of it; a damaged one is an error.
  const copy = join(folder, 'copy');
  await cp(deployed.folder, copy, { recursive: true });
  const path = join(copy, 'model.safetensors');
  const { fingerprint } = manifest.source;
  expect((await readReference(path, fingerprint))!.features.size).toBe(6);
  expect(await readReference(path, 'another')).toBeUndefined();
  expect(await readReference(join(folder, 'x', 'model.safetensors'), fingerprint)).toBeUndefined();
  const text = await readFile(referencePath(path), 'utf8');
  await writeFile(referencePath(path), text.replace('"brightness":[', '"brightness":["'));
  await toolkitError('MODEL_CORRUPT', readReference(path, fingerprint));
  expect(decisionPath(path)).toBe(join(copy, 'decision.json'));
});
