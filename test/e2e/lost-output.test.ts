import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, inject, it } from 'vitest';

import { temporaryFolder } from '../support/folders.js';

const LAUNCHERS = fileURLToPath(new URL('../../bin', import.meta.url));

interface Streams {
  stdout?: string;
  stderr?: string;
}

/** Runs a command whose streams are files; without one, they are pipes. */
async function runInto(
  words: readonly string[],
  { stdout, stderr }: Streams,
  cwd: string,
  launcher = 'mnist.js',
): Promise<{ code: number | null; stderr: string }> {
  const files = await Promise.all(
    [stdout, stderr].map(async (path) => (path === undefined ? undefined : open(path, 'w'))),
  );
  const [out, err] = files.map((file) => file?.fd ?? 'pipe');
  const child = spawn(process.execPath, [join(LAUNCHERS, launcher), ...words], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], MNIST_DATA_DIR: inject('smallDataDir') },
    stdio: ['ignore', out, err],
  });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stdout?.resume();
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  for (const file of files) await file?.close();
  return { code, stderr: text };
}

const FULL = '/dev/full';

describe.skipIf(!existsSync(FULL))('output that a full disk does not take', () => {
  it.each([
    ['mnist.js', '--help'],
    ['mnist.js', '--version'],
    ['mnist.js', 'train', '--help'],
    ['mnist.js', 'runs', '--json'],
    ['mnist.js', 'datasets'],
    ['mnist.js', 'models', '--quiet'],
    ['mnist.js', 'completion', 'bash'],
    ['mnist.js', 'train', '--print-config'],
    ['mnist-train.js', '--help'],
    ['mnist-eval.js', '-v'],
  ])('%s %s %s ends with 1, and says so', async (launcher, ...words) => {
    const cwd = await temporaryFolder();
    const { code, stderr } = await runInto(words, { stdout: FULL }, cwd, launcher);
    expect(stderr).toMatch(/^error: output on stdout was lost: no space left on the device — /);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  it('on stderr, where warnings go, is a failure too', async () => {
    const cwd = await temporaryFolder();
    const words = ['train', '--epochs', '1', '--validation-split', '0.5', '--threads', '1'];
    expect((await runInto(words, { stderr: FULL }, cwd)).code).toBe(1);
  });

  it('keeps the exit code of another failure', async () => {
    const cwd = await temporaryFolder();
    expect((await runInto(['evaluate', 'none', '--json'], { stdout: FULL }, cwd)).code).toBe(6);
  });
});

it('a reader that closes the pipe, as head does, is no failure', async () => {
  const cwd = await temporaryFolder();
  const script = join(cwd, 'piped.sh');
  await writeFile(
    script,
    `set -o pipefail; "${process.execPath}" "${join(LAUNCHERS, 'mnist.js')}" models | head -n 1 >/dev/null`,
  );
  const child = spawn('bash', [script], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
