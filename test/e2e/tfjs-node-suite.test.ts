import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { extract } from 'tar';
import { beforeAll, expect, it } from 'vitest';

import { nodeOf, npm } from '../support/installed.js';

const PROGRAM = fileURLToPath(new URL('../tensorflow/node-suite/program.mjs', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures/tfjs-node', import.meta.url));
const PACKAGE = '@tensorflow/tfjs-node@4.22.0';

interface SuiteResult {
  files: number;
  passed: number;
  pending: string[];
  failed: { name: string; message: string }[];
}

let folder: string;

// The package itself is not installed: its tests are all that is taken from it.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-tfjs-node-suite-'));
  const archive = await npm(
    ['pack', '--silent', PACKAGE, '--ignore-scripts', '--pack-destination', folder],
    folder,
  );
  await extract({ file: join(folder, archive.trim()), cwd: folder });
  await symlink(FIXTURES, join(folder, 'test_objects'));
  await writeFile(join(folder, 'package.json'), '{}');
  return () => rm(folder, { recursive: true, force: true });
});

it.each([
  ['this', 'on'],
  ['22', 'off'],
  ['24', 'on'],
  ['26', 'off'],
])(
  `the tests of ${PACKAGE} pass on ours: Node %s, oneDNN %s`,
  { timeout: 600_000 },
  async (major, oneDnn) => {
    const node = major === 'this' ? process.execPath : await nodeOf(major);
    const { stdout } = await promisify(execFile)(node, [PROGRAM, join(folder, 'package')], {
      cwd: folder,
      env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: oneDnn === 'on' ? '1' : '0' },
      maxBuffer: 64 << 20,
    });
    const result = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as SuiteResult;
    expect(result.failed).toEqual([]);
    expect(result.pending).toEqual([]);
    expect(result.files).toBe(12);
    expect(result.passed).toBe(152);
  },
);
