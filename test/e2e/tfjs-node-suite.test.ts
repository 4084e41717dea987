import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { extract } from 'tar';
import { beforeAll, expect, it } from 'vitest';

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

const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
let folder: string;

function npm(words: readonly string[], cwd: string): string {
  return execFileSync('npm', [...words, '--silent', '--no-audit', '--no-fund'], {
    cwd,
    env: environment,
    encoding: 'utf8',
  });
}

// The package itself is not installed: its tests are all that is taken from it.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-tfjs-node-suite-'));
  const archive = npm(['pack', PACKAGE, '--ignore-scripts', '--pack-destination', folder], folder);
  await extract({ file: join(folder, archive.trim()), cwd: folder });
  await symlink(FIXTURES, join(folder, 'test_objects'));
  await writeFile(join(folder, 'package.json'), '{}');
  return () => rm(folder, { recursive: true, force: true });
});

async function nodeOf(major: string): Promise<string> {
  if (major === 'this') return process.execPath;
  const place = await temporaryFolder();
  npm(['install', '--no-save', '--prefix', place, `node@${major}`], place);
  return join(place, 'node_modules', 'node', 'bin', 'node');
}

it.each([
  ['this', 'on'],
  ['22', 'off'],
  ['24', 'on'],
  ['26', 'off'],
])(
  `the tests of ${PACKAGE} pass on ours: Node %s, oneDNN %s`,
  { timeout: 600_000 },
  async (major, oneDnn) => {
    const node = await nodeOf(major);
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
