import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { packageFolder } from '../../../../src/core/package-folder.js';
import { Child } from '../../../../src/stages/train/workers/child.js';
import { requireSignsOfLife } from '../../../../src/stages/train/workers/signs-of-life.js';
import { temporaryFolder } from '../../../support/folders.js';

/** A worker process with a program of the test's. */
async function childWith(program: string): Promise<Child<object>> {
  const path = join(await temporaryFolder(), 'program.mjs');
  await writeFile(path, program);
  return new Child(path, 'worker 1', process.env, 1);
}

describe('a worker process', () => {
  it('is ended when it is stopped, and the error says why', async () => {
    const child = await childWith(`
      import { writeSync } from 'node:fs';
      writeSync(3, '.');
      process.kill(process.pid, 'SIGSTOP');
    `);
    requireSignsOfLife(child, 1000);
    const end = await child.end;
    expect(end).toBe('SIGKILL');
    const { code, message } = child.lost(end);
    expect(code).toBe('WORKER_LOST');
    expect(message).toMatch(/worker 1 .*it gave no sign of life for 1 second$/);
  });

  it('gives signs of life while its main thread is busy', async () => {
    const { href } = new URL('dist/stages/train/workers/signs-of-life.js', packageFolder);
    const child = await childWith(`
      import { giveSignsOfLife } from '${href}';
      giveSignsOfLife();
      for (;;);
    `);
    const pipe = child.process.stdio[3] as Readable;
    // Where it fails, it says nothing.
    for (let beat = 0; beat < 2; beat++) await Promise.race([once(pipe, 'data'), child.end]);
    child.kill();
    expect(await child.end).toBe('SIGKILL');
  });
});
