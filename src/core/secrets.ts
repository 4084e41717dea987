import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { ToolkitError, systemCodeOf } from './errors.js';
import { readError } from './file-errors.js';

/** Why a file is not secret, and how to fix it. */
export interface Exposure {
  reason: string;
  remedy: string;
  /** Whether other users can change it, or only read it. */
  isWritable: boolean;
}

/**
 * Reads a file that only its owner may read and write; undefined if it does not exist. Throws SECRET_EXPOSED and DATA_UNREADABLE.
 *
 * @param allows decides whether an exposed file is read anyway
 */
export async function readSecret(
  path: string,
  allows: (exposure: Exposure) => boolean = () => false,
): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      // Checks the open file, so that nobody can replace it between the check and the read.
      const exposure = await exposureOf(path, await file.stat());
      if (exposure && !allows(exposure)) throw new ToolkitError('SECRET_EXPOSED', { path, ...exposure });
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw readError(error, path);
  }
}

async function exposureOf(path: string, { mode, uid }: Stats): Promise<Exposure | undefined> {
  const me = process.geteuid?.();
  // Windows has neither user IDs nor modes.
  if (me === undefined) return undefined;
  if (uid !== me && uid !== 0 && me !== 0) {
    const reason = `it belongs to another user (${uid}), who can change it`;
    return { reason, remedy: `run "chown ${me} ${path}"`, isWritable: true };
  }
  // PostgreSQL's rule for keys: the group may read files of root, such as secrets mounted into containers.
  const allowed = uid === 0 && me !== 0 ? 0o740 : 0o700;
  const excess = mode & 0o777 & ~allowed;
  if (excess !== 0) return exposedBy(path, mode, (excess & 0o022) !== 0);
  return exposureOfFolder(dirname(path));
}

function exposedBy(path: string, mode: number, isWritable: boolean): Exposure {
  const reason = `other users can ${isWritable ? 'change' : 'read'} it (mode ${(mode & 0o777).toString(8)})`;
  return { reason, remedy: `run "chmod 600 ${path}"`, isWritable };
}

/** In a folder without the sticky bit, everyone with write permission can replace any file. */
async function exposureOfFolder(folder: string): Promise<Exposure | undefined> {
  const { mode } = await stat(folder);
  if ((mode & 0o002) === 0 || (mode & 0o1000) !== 0) return undefined;
  const reason = `every user can replace it, because its folder is writable by all (mode ${(mode & 0o777).toString(8)})`;
  return { reason, remedy: `run "chmod o-w ${folder}"`, isWritable: true };
}
