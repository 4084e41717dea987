import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, inject, it } from 'vitest';

import { temporaryFolder } from '../support/folders.js';

const LAUNCHER = fileURLToPath(new URL('../../bin/mnist.js', import.meta.url));

it.skipIf(process.platform !== 'linux')('a limit of the address space is called what it is', async () => {
  const cwd = await temporaryFolder();
  const words = ['train', '--epochs', '1', '--data-dir', inject('dataDir')];
  const child = spawn(
    'sh',
    // Less than TensorFlow's libraries alone take.
    ['-c', 'ulimit -v 1500000; exec "$@"', 'sh', process.execPath, LAUNCHER, ...words],
    { cwd, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(stderr).toMatch(/^error: out of memory: .*ulimit -v/m);
  expect(code).toBe(1);
});
