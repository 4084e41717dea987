import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Who else than this user and the administrator may change a file, or put another one in its place, in words; undefined where nobody may.
 * The path must hold no symbolic links. Where the system has no such permissions (Windows), nobody is assumed to.
 */
export async function whoElseMayWrite(path: string): Promise<string | undefined> {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  for (let place = path; ; place = dirname(place)) {
    const isInner = place !== path;
    // Whoever owns the root of all folders is the administrator, whatever number he has in a container.
    if (isInner && place === dirname(place)) return undefined;
    const { mode, uid, gid } = await lstat(place);
    if (uid !== 0 && uid !== user) return `${place} belongs to user ${uid}`;
    // In a folder with this bit (/tmp), everyone may add files, but only their owners replace them.
    if (isInner && (mode & STICKY) !== 0) continue;
    if ((mode & OTHERS_WRITE) !== 0) return `everyone may write to ${place}`;
    // Many systems give each user a group of the same number, with nobody else in it.
    const isPrivate = gid === 0 || (gid === user && gid === process.getgid?.());
    if ((mode & GROUP_WRITES) !== 0 && !isPrivate) return `group ${gid} may write to ${place}`;
  }
}
