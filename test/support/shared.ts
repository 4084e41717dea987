import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { inject } from 'vitest';

import { withLock } from '../../src/core/lock.js';

/**
 * A folder that the first test to need it makes, for all tests of the run: what several files would otherwise install each for
 * itself. The others wait for it, and leave what is in it as it is.
 */
export async function sharedFolder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(inject('sharedDir'), name);
  const unfinished = `${folder}.unfinished`;
  await withLock(`${folder}.lock`, { waitMs: Infinity }, async () => {
    if (existsSync(folder)) return;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished);
    await make(unfinished);
    await rename(unfinished, folder);
  });
  return folder;
}
