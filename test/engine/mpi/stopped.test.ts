import { spawn } from 'node:child_process';

import { expect, it, vi } from 'vitest';

import { isStopped } from '../../../src/core/processes.js';
import { SILENCE_MS } from '../../../src/engine/mpi/heartbeat.js';
import { watchForStopped } from '../../../src/engine/mpi/stopped.js';

it.skipIf(process.platform !== 'linux')(
  'notices which worker is stopped, once it has been so for long',
  async () => {
    const children = [1, 2].map(() => spawn('sleep', ['60'], { stdio: 'ignore' }));
    try {
      children[1]!.kill('SIGSTOP');
      await vi.waitUntil(() => isStopped(children[1]!.pid!));
      vi.useFakeTimers();
      const stopped: number[] = [];
      const end = watchForStopped(children, (rank) => stopped.push(rank));
      vi.advanceTimersByTime(SILENCE_MS);
      expect(stopped).toEqual([]);
      vi.advanceTimersByTime(500);
      expect(stopped).toEqual([1]);
      end();
      vi.advanceTimersByTime(SILENCE_MS);
      expect(stopped).toEqual([1]);
    } finally {
      vi.useRealTimers();
      for (const child of children) child.kill('SIGKILL');
    }
  },
);
