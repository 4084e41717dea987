import { join } from 'node:path';

import { expect, it } from 'vitest';

import { attempt } from '../../../src/stages/runtime/check.js';
import { checkDisk } from '../../../src/stages/runtime/machine-checks.js';
import { temporaryFolder } from '../../support/folders.js';

it('a folder that does not exist yet has the space of the file system that it will be on', async () => {
  const folder = join(await temporaryFolder(), 'not', 'yet');
  expect(await checkDisk('data folder', folder, 1)).toMatchObject({ status: 'ok', advice: null });
  expect(await checkDisk('data folder', folder, 1e18)).toMatchObject({ status: 'problem' });
});

it('a file system that does not say how much space it has is a warning', async () => {
  const folder = await temporaryFolder();
  const refuse = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('EACCES: permission denied, statfs'), { code: 'EACCES' }));
  expect(await checkDisk('data folder', folder, 2 ** 30, refuse)).toEqual({
    name: 'data folder',
    status: 'warning',
    found: `${folder}: free space unknown (EACCES)`,
    advice: 'make sure that 1.0 GiB are free',
  });
});

it('a check that throws is a problem of that name', async () => {
  const check = await attempt('npm', () => {
    throw new Error('no such user');
  });
  expect(check).toMatchObject({ name: 'npm', status: 'problem' });
  expect(check.found).toContain('no such user');
});
