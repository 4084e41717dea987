import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { findProgram, outputOf, programEnvironment } from '../../src/core/programs.js';
import { temporaryFolder } from '../support/folders.js';

it('the environment of other programs leads nowhere near the current folder', () => {
  const given = {
    PATH: ':/usr/bin:.:bin:/bin',
    PYTHONPATH: ':/opt/packages:lib',
    PYTHONHOME: 'here',
    PYTHONSTARTUP: '/tmp/startup.py',
    PYTHONINSPECT: '1',
    PIP_INDEX_URL: 'https://index.example/simple',
    HOME: '/home/somebody',
  };
  expect(programEnvironment(given)).toEqual({
    PATH: '/usr/bin:/bin',
    PYTHONPATH: '/opt/packages',
    PIP_INDEX_URL: 'https://index.example/simple',
    HOME: '/home/somebody',
  });
});

it('a program is an executable file in an absolute folder of PATH, and starts in a folder of the system', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'folder'));
  await writeFile(join(folder, 'text'), 'hello');
  await writeFile(join(folder, 'program'), '#!/bin/sh\npwd; echo "$*"\n');
  await chmod(join(folder, 'program'), 0o755);
  const environment = { PATH: `/nowhere:${folder}` };
  expect(await findProgram('folder', environment)).toBeUndefined();
  expect(await findProgram('text', environment)).toBeUndefined();
  expect(await findProgram('program', environment)).toBe(join(folder, 'program'));
  expect(await findProgram('program', {})).toBeUndefined();
  expect(await outputOf('program', ['a', 'b c'], environment, 10_000)).toBe('/\na b c\n');
  await expect(outputOf('text', [], environment, 10_000)).rejects.toThrow('text was not found');
});
