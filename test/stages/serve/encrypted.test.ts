import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import { findRaw } from '../../../src/artifacts/raw.js';
import { RegistryWriter } from '../../../src/deployment/registry-writer.js';
import { collect, withEncryption } from '../../../src/index.js';
import { ageFixture, writeKeyFile } from '../../support/age.js';
import { temporaryFolder } from '../../support/folders.js';
import { registerMadeUp } from '../../support/registry.js';
import {
  askJson,
  inferenceRequest,
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
} from '../../support/serving.js';

it('an encrypted registry is served and reloaded, and its feedback is encrypted and can be collected', async () => {
  const folder = await temporaryFolder();
  const registryDir = join(folder, 'models');
  const feedbackDir = join(folder, 'feedback');
  const dataDir = join(folder, 'data');
  const encryptTo = ageFixture.recipients.slice(0, 1);
  const identity = await writeKeyFile(folder, ageFixture.identities[0]!);
  const { test } = await preparedMnist();

  const promote = (likes: number): Promise<void> =>
    withEncryption({ encryptTo, identity }, async () => {
      const registry = new ModelRegistry(registryDir);
      const checkpoint = await writeMnistCheckpoint(folder, `likes-${likes}`, likes);
      const version = await registerMadeUp(registry, 'digits', { checkpoint });
      await new RegistryWriter(registry, 'tester').promote('digits', version, { force: false });
    });
  await promote(3);
  const options = { registryDir, feedbackDir, reloadInterval: 3600 };
  await expect(serveForTest(undefined, options)).rejects.toMatchObject({ code: 'ENCRYPTION_LOCKED' });

  const { url } = await withEncryption({ identity }, () => serveForTest(undefined, options));
  const classify = async (): Promise<{ id: string; version: unknown }> => {
    const image = inferenceRequest(test.pixels.slice(0, 784), 1);
    const { headers, body } = await askJson(`${url}/v2/models/digits/infer`, image);
    return { id: headers.get('x-request-id')!, version: body['model_version'] };
  };
  const first = await classify();
  await promote(5);
  // A request has no keys of its own: the server keeps those that it was started with.
  expect((await askJson(`${url}/v2/repository/models/digits/load`, {})).status).toBe(200);
  const second = await classify();
  expect([first.version, second.version]).toEqual(['1', '2']);
  for (const { id } of [first, second]) {
    expect((await askJson(`${url}/feedback`, { id, label: 4 })).status).toBe(200);
  }
  const lines = (await readFile(join(feedbackDir, 'feedback.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^\{"age":"YWdlLWVuY3J5cHRpb24ub3JnL3Yx[\w+/=]+"\}$/);

  const feedback = { dataset: 'labelled', from: feedbackDir, dataDir, testShare: 0.5 };
  await expect(collect(feedback)).rejects.toMatchObject({ code: 'ENCRYPTION_LOCKED' });
  await withEncryption({ identity }, async () => {
    await collect(feedback);
    expect((await findRaw(dataDir, 'labelled'))?.manifest.imported?.images).toMatchObject({
      train: 1,
      test: 1,
    });
  });
  await expect(findRaw(dataDir, 'labelled')).rejects.toMatchObject({ code: 'ENCRYPTION_LOCKED' });
});
