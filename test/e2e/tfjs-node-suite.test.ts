import { execFile, execFileSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { extract } from 'tar';
import { expect, it } from 'vitest';

import { temporaryFolder } from '../support/folders.js';

const PROGRAM = fileURLToPath(new URL('../tensorflow/node-suite/program.mjs', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures/tfjs-node', import.meta.url));
const PACKAGE = '@tensorflow/tfjs-node@4.22.0';

interface SuiteResult {
  files: number;
  passed: number;
  pending: string[];
  failed: { name: string; message: string }[];
}

// Its build for Node.js is not installed: its tests are all that is taken from it.
it(`the tests of ${PACKAGE} pass on ours`, { timeout: 600_000 }, async () => {
  const folder = await temporaryFolder();
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)),
  );
  const archive = execFileSync(
    'npm',
    ['pack', PACKAGE, '--ignore-scripts', '--silent', '--pack-destination', folder],
    {
      cwd: folder,
      env: environment,
      encoding: 'utf8',
    },
  );
  await extract({ file: join(folder, archive.trim()), cwd: folder });
  await symlink(FIXTURES, join(folder, 'test_objects'));
  await writeFile(join(folder, 'package.json'), '{}');
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, join(folder, 'package')], {
    cwd: folder,
    maxBuffer: 64 << 20,
  });
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as SuiteResult;
  expect(result.failed).toEqual([]);
  expect(result.pending).toEqual([]);
  expect(result.files).toBe(12);
  expect(result.passed).toBeGreaterThanOrEqual(150);
});
