import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint, type CheckpointDescription } from '../../../src/artifacts/checkpoint.js';
import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import type { StoredTensor } from '../../../src/artifacts/safetensors.js';
import { RegistryWriter } from '../../../src/deployment/registry-writer.js';
import { temporaryFolder } from '../../support/folders.js';
import { fileOf } from '../../support/hostile-checkpoints.js';
import { registerMadeUp } from '../../support/registry.js';
import {
  ask,
  askJson,
  inferenceRequest,
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
} from '../../support/serving.js';

interface Parts {
  description: CheckpointDescription;
  tensors: Map<string, StoredTensor>;
}

/** A checkpoint with something else in it, and a hash that is right. */
async function changed(path: string, change: (parts: Parts) => Parts): Promise<string> {
  const { description, tensors } = await readCheckpoint(path);
  const other = join(await temporaryFolder(), 'changed.safetensors');
  await writeFile(other, fileOf(change({ description, tensors: new Map(tensors) })));
  return other;
}

it('a registry that promotes a checkpoint which claims huge layers does not stop its server', async () => {
  const good = await writeMnistCheckpoint(await temporaryFolder(), 'three', 3);
  const bomb = await changed(good, ({ description }) => {
    const config = { ...description.config, hiddenLayers: [65_536, 65_536] };
    return { description: { ...description, config }, tensors: new Map() };
  });
  expect((await readFile(bomb)).length).toBeLessThan(5000);
  const registryDir = await temporaryFolder();
  const registry = new ModelRegistry(registryDir);
  const writer = new RegistryWriter(registry, 'tester');
  const promote = async (checkpoint: string): Promise<void> => {
    const version = await registerMadeUp(registry, 'digits', { checkpoint });
    await writer.promote('digits', version, { force: false });
  };
  await promote(good);
  const { url, events } = await serveForTest(undefined, { registryDir, reloadInterval: 0.05 });
  const image = inferenceRequest((await preparedMnist()).test.pixels.slice(0, 784), 1);
  const statuses = new Set<number>();
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) statuses.add((await askJson(`${url}/v2/models/digits/infer`, image)).status);
  };
  const clients = Promise.all([client(), client()]);
  await promote(bomb);
  const refusal = expect.objectContaining({ event: 'warning', code: 'CHECKPOINT_REFUSED' }) as object;
  await expect.poll(() => events, { timeout: 10_000 }).toContainEqual(refusal);
  expect((await ask(`${url}/v2/models/digits`)).body['versions']).toEqual(['1']);
  // What comes after it is served.
  await promote(await writeMnistCheckpoint(await temporaryFolder(), 'five', 5));
  await expect
    .poll(async () => (await ask(`${url}/v2/models/digits`)).body['versions'], { timeout: 10_000 })
    .toEqual(['3']);
  isOver = true;
  await clients;
  expect([...statuses]).toEqual([200]);
});

it('a label is one of the version that classified the image, not of the one that is served since', async () => {
  const feedbackDir = await temporaryFolder();
  const path = join(await temporaryFolder(), 'model.safetensors');
  const first = await writeMnistCheckpoint(await temporaryFolder(), 'three', 3);
  await copyFile(first, path);
  const { url, refresh } = await serveForTest(path, { reloadInterval: 3600, feedbackDir });
  const image = inferenceRequest((await preparedMnist()).test.pixels.slice(0, 784), 1);
  const classify = async (): Promise<string> =>
    (await askJson(`${url}/v2/models/mnist/infer`, image)).headers.get('x-request-id')!;
  const label = async (id: string, value: string | number): Promise<unknown> => {
    const { status, body } = await askJson(`${url}/feedback`, { id, label: value });
    return status === 200 ? [body['predicted'], body['label'], body['correct']] : status;
  };
  const [byName, byNumber] = [await classify(), await classify()];
  const names = ['nil', 'uno', 'due', 'tre', 'quattro', 'cinque', 'sei', 'sette', 'otto', 'nove'];
  const renamed = ({ description, tensors }: Parts): Parts => {
    return { description: { ...description, classNames: names }, tensors };
  };
  await copyFile(await changed(first, renamed), path);
  await refresh();
  const later = await classify();
  expect(await label(byName, 'quattro')).toBe(400);
  expect(await label(byName, '4')).toEqual(['3', '4', false]);
  expect(await label(byNumber, 3)).toEqual(['3', '3', true]);
  expect(await label(later, '4')).toBe(400);
  expect(await label(later, 'quattro')).toEqual(['tre', 'quattro', false]);
  const lines = (await readFile(join(feedbackDir, 'feedback.jsonl'), 'utf8')).trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records.map(({ labelName }) => labelName)).toEqual(['4', '3', 'quattro']);
  expect(records.map(({ classNames }) => (classNames as string[])[3])).toEqual(['3', '3', 'tre']);
});
