import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { withFolder } from '../core/files.js';

const STAGING = /^\.staging-[0-9a-f-]{36}$/;

/** Whether a folder's name is that of a staging folder. */
export function isStaging(name: string): boolean {
  return STAGING.test(name);
}

/**
 * Runs an action with a new folder, which it fills and moves to its place; a folder that is left is removed. Throws
 * STORAGE_DENIED, STORAGE_FULL, and whatever the action throws.
 *
 * @param parent on the file system that the folder is to end up on
 */
export async function withStaging<Result>(
  parent: string,
  action: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = join(parent, `.staging-${randomUUID()}`);
  return withFolder(folder, async () => {
    try {
      return await action(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
