import { expect, it } from 'vitest';

import { ModelRegistry } from '../../src/artifacts/model-registry.js';
import { RegistryWriter } from '../../src/deployment/registry-writer.js';
import { temporaryFolder } from '../support/folders.js';
import { registerMadeUp } from '../support/registry.js';
import { ask, askJson, inferenceRequest, serveForTest, writeMnistCheckpoint } from '../support/serving.js';

it('a model is described by its production version, and that takes no turn of the candidate’s', async () => {
  const registryDir = await temporaryFolder();
  const registry = new ModelRegistry(registryDir);
  const writer = new RegistryWriter(registry, 'tester');
  for (const [name, digit] of [
    ['three', 3],
    ['five', 5],
  ] as const) {
    const checkpoint = await writeMnistCheckpoint(await temporaryFolder(), name, digit);
    const version = await registerMadeUp(registry, 'digits', { checkpoint });
    if (name === 'three') await writer.promote('digits', version, { force: false });
  }
  const { url } = await serveForTest(undefined, { registryDir, canary: 50, drift: false });
  const image = inferenceRequest(new Uint8Array(784), 1);
  const answeredBy = async (): Promise<unknown> =>
    (await askJson(`${url}/v2/models/digits/infer`, image)).body['model_version'];
  expect([await answeredBy(), await answeredBy(), await answeredBy()]).toEqual(['1', '2', '1']);
  for (let time = 0; time < 3; time++) {
    const description = (await ask(`${url}/model/description`)).body;
    const ready = (await ask(`${url}/v2/models/digits/ready`)).body;
    expect([description['version'], ready['version']]).toEqual(['1', '1']);
  }
  expect(await answeredBy()).toBe('2');
  expect((await ask(`${url}/v2/models/digits/versions/2/ready`)).body['version']).toBe('2');
});
