import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { watchForStopped } from '../../../../src/engine/mpi/stopped.js';
import { Child, STOPPED } from '../../../../src/stages/train/workers/child.js';
import { temporaryFolder } from '../../../support/folders.js';

it.skipIf(process.platform === 'win32')(
  'a worker process that is stopped is ended, and the error says why',
  async () => {
    const path = join(await temporaryFolder(), 'program.mjs');
    await writeFile(path, "process.kill(process.pid, 'SIGSTOP');");
    const child = new Child<object>(path, 'worker 1', process.env);
    const endWatch = watchForStopped([child.process], () => {
      child.giveUp(STOPPED);
    });
    const end = await child.end;
    endWatch();
    expect(end).toBe('SIGKILL');
    const { code, message } = child.lost(end);
    expect(code).toBe('WORKER_LOST');
    expect(message).toMatch(/^worker 1 \(process \d+\) is lost: its process was stopped by SIGSTOP$/);
  },
);
