import { join } from 'node:path';

import { expect, it } from 'vitest';

import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import { makeFolder } from '../../../src/core/files.js';
import { chooseModel, listVersions, registryHistory } from '../../../src/stages/registry/registry.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

async function registryWith(...names: string[]): Promise<ModelRegistry> {
  const registry = new ModelRegistry(await temporaryFolder());
  for (const name of names) await makeFolder(registry.versionFolder(name, 1));
  return registry;
}

it('the only model need not be named', async () => {
  expect(await chooseModel(await registryWith('digits'), undefined)).toBe('digits');
  const several = await toolkitError(
    'USAGE',
    chooseModel(await registryWith('digits', 'letters'), undefined),
  );
  expect(several.hint).toContain('digits, letters');
});

it('an empty registry is an error that names it and says how to add a model', async () => {
  const registry = await registryWith();
  const error = await toolkitError('MODEL_MISSING', chooseModel(registry, undefined));
  expect(error.message).toContain(registry.folder);
  expect(error.hint).toContain('mnist deploy');
});

it('a model that is not there has no history', async () => {
  const registry = await registryWith('digits');
  expect(await registryHistory(registry, 'digits')).toEqual([]);
  const error = await toolkitError('MODEL_MISSING', registryHistory(registry, 'letters'));
  expect(error.hint).toContain('digits');
});

it('a version without a manifest is listed with its problem', async () => {
  const registry = await registryWith('digits');
  expect(await listVersions(registry)).toEqual([
    expect.objectContaining({
      name: 'digits',
      version: 1,
      problem: expect.stringContaining(join('digits', 'versions', '1')) as string,
    }),
  ]);
});
