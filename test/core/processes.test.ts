import { spawn } from 'node:child_process';

import { expect, it, vi } from 'vitest';

import { isStopped } from '../../src/core/processes.js';

it.skipIf(process.platform !== 'linux')('knows a process that is stopped', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    expect(isStopped(child.pid!)).toBe(false);
    child.kill('SIGSTOP');
    await vi.waitUntil(() => isStopped(child.pid!));
    child.kill('SIGCONT');
    await vi.waitUntil(() => !isStopped(child.pid!));
  } finally {
    child.kill('SIGKILL');
  }
  expect(isStopped(2 ** 30)).toBe(false);
});
