import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { ToolkitError, systemCodeOf } from './errors.js';
import { readError } from './files.js';

/** Why a file is no secret, and what makes it one. */
export interface Exposure {
  reason: string;
  remedy: string;
  /** Whether somebody else can change it, or only read it. */
  isWritable: boolean;
}

/**
 * Reads a file that only its owner may read and write; undefined where there is none. Throws SECRET_EXPOSED and DATA_UNREADABLE.
 *
 * @param allows decides whether an exposed file is read all the same
 */
export async function readSecret(
  path: string,
  allows: (exposure: Exposure) => boolean = () => false,
): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      // Of the open file, so that nobody can swap it between the check and the reading.
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
  // Windows has neither users' numbers nor modes.
  if (me === undefined) return undefined;
  if (uid !== me && uid !== 0 && me !== 0) {
    const reason = `it belongs to another user (${uid}), who can change it`;
    return { reason, remedy: `run "chown ${me} ${path}"`, isWritable: true };
  }
  // As PostgreSQL has it for keys: what belongs to root, as secrets mounted into containers do, may be read by the group.
  const allowed = uid === 0 && me !== 0 ? 0o740 : 0o700;
  const excess = mode & 0o777 & ~allowed;
  if (excess !== 0) return exposedBy(path, mode, (excess & 0o022) !== 0);
  return exposureOfFolder(dirname(path));
}

function exposedBy(path: string, mode: number, isWritable: boolean): Exposure {
  const reason = `other users can ${isWritable ? 'change' : 'read'} it (mode ${(mode & 0o777).toString(8)})`;
  return { reason, remedy: `run "chmod 600 ${path}"`, isWritable };
}

/** Whoever can write to a folder without the sticky bit can put another file in the place of any. */
async function exposureOfFolder(folder: string): Promise<Exposure | undefined> {
  const { mode } = await stat(folder);
  if ((mode & 0o002) === 0 || (mode & 0o1000) !== 0) return undefined;
  const reason = `every user can replace it, because its folder is writable by all (mode ${(mode & 0o777).toString(8)})`;
  return { reason, remedy: `run "chmod o-w ${folder}"`, isWritable: true };
}
