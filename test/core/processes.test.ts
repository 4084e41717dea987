import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { describe, expect, it, vi } from 'vitest';

import { isAlive, isStopped, stateByPs, thisProcess } from '../../src/core/processes.js';

describe.skipIf(process.platform !== 'linux')('a process', () => {
  it('that is stopped is known', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      expect(isStopped(child.pid!)).toBe(false);
      child.kill('SIGSTOP');
      await vi.waitUntil(() => isStopped(child.pid!));
      expect(stateByPs(child.pid!)).toBe('T');
      child.kill('SIGCONT');
      await vi.waitUntil(() => !isStopped(child.pid!));
    } finally {
      child.kill('SIGKILL');
    }
    expect(isStopped(2 ** 30)).toBe(false);
    expect(stateByPs(2 ** 30)).toBeUndefined();
  });

  it('that has ended is not alive, though its parent never asks how', async () => {
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const child = { ...thisProcess(), process: Number(line.toString()), started: '' };
      // The shell might still ask; what it becomes does not.
      await vi.waitUntil(() => readFileSync(`/proc/${parent.pid!}/comm`, 'utf8') === 'sleep\n');
      process.kill(child.process, 'SIGKILL');
      await vi.waitUntil(() => isAlive(child) === false);
      // It is still in the list.
      expect(process.kill(child.process, 0)).toBe(true);
      expect(isAlive({ ...child, process: parent.pid! })).toBe(true);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
