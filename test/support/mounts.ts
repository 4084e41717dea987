import { spawnSync } from 'node:child_process';

import { onTestFinished } from 'vitest';

/** Why a test is skipped where `mount` gives false. */
export const NO_MOUNT = 'this machine does not let the tests mount a file system';

/** Mounts a file system on a folder until the test has finished; false where this machine does not allow it. */
export function mount(folder: string, options: string): boolean {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  if (status !== 0) return false;
  onTestFinished(() => {
    spawnSync('umount', [folder]);
  });
  return true;
}
