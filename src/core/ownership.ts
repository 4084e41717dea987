import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Describes who besides this user and the administrator may change or replace a file; undefined if nobody may. The path must not
 * contain symbolic links. On systems without such permissions (Windows), nobody is assumed to.
 */
export async function whoElseMayWrite(path: string): Promise<string | undefined> {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  for (let place = path; ; place = dirname(place)) {
    const isInner = place !== path;
    // The owner of / is the administrator, even if containers map the user ID.
    if (isInner && place === dirname(place)) return undefined;
    const { mode, uid, gid } = await lstat(place);
    if (uid !== 0 && uid !== user) return `${place} belongs to user ${uid}`;
    // In a folder with the sticky bit (/tmp), everyone may add files, but only owners may replace them.
    if (isInner && (mode & STICKY) !== 0) continue;
    if ((mode & OTHERS_WRITE) !== 0) return `everyone may write to ${place}`;
    // Many systems give each user a private group with the same ID.
    const isPrivate = gid === 0 || (gid === user && gid === process.getgid?.());
    if ((mode & GROUP_WRITES) !== 0 && !isPrivate) return `group ${gid} may write to ${place}`;
  }
}
