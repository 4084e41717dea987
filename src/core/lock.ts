import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ToolkitError, systemCodeOf } from './errors.js';
import { makeFolder, storageError } from './files.js';
import { isAlive, thisProcess, type ProcessIdentity } from './processes.js';

/** A holder on another machine, or in another container, is taken for dead when it has not shown a sign of life for so long. */
const STALE_MS = 30_000;
const SIGN_OF_LIFE_MS = 5_000;
const POLL_MS = 100;

export interface LockOptions {
  /** How long to wait for another process; 0 refuses at once with FOLDER_BUSY, Infinity waits until it is free. */
  waitMs: number;
  signal?: AbortSignal | undefined;
  /** Called once when there is something to wait for; says who holds the lock. */
  onWait?: (owner: string) => void;
}

interface Owner extends ProcessIdentity {
  id: string;
}

/**
 * Runs an action while no other process runs one with the same lock file. The file of a process that died is taken over.
 * Throws FOLDER_BUSY when the wait is over, and whatever the action throws.
 */
export async function withLock<Result>(
  path: string,
  options: LockOptions,
  action: () => Promise<Result>,
): Promise<Result> {
  const owner: Owner = { id: randomUUID(), ...thisProcess() };
  await acquire(path, owner, options);
  const signOfLife = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, SIGN_OF_LIFE_MS);
  signOfLife.unref();
  try {
    return await action();
  } finally {
    clearInterval(signOfLife);
    if ((await readOwner(path))?.id === owner.id) await rm(path, { force: true });
  }
}

/** Who holds a lock, in words, or undefined where nobody does who is alive. */
export async function holderOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  const holder = await readOwner(path);
  return (await isStale(path, holder)) ? undefined : nameOf(holder);
}

function nameOf(holder: Owner | undefined): string {
  return holder ? `process ${holder.process} on ${holder.host}` : 'another process';
}

async function acquire(path: string, owner: Owner, { waitMs, signal, onWait }: LockOptions): Promise<void> {
  await makeFolder(dirname(path));
  const deadline = Date.now() + waitMs;
  let waiting = false;
  signal?.throwIfAborted();
  while (!(await claim(path, owner))) {
    signal?.throwIfAborted();
    const holder = await readOwner(path);
    if (await isStale(path, holder)) {
      await breakLock(path, holder);
      continue;
    }
    const name = nameOf(holder);
    if (Date.now() >= deadline) throw new ToolkitError('FOLDER_BUSY', { path: dirname(path), owner: name });
    if (!waiting) onWait?.(name);
    waiting = true;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  }
}

/** Creates the lock file together with its contents: a hard link to a complete file, which fails if the lock exists. */
async function claim(path: string, owner: Owner): Promise<boolean> {
  const draft = `${path}.${owner.id}`;
  try {
    await writeFile(draft, JSON.stringify(owner));
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw storageError(error, path);
  } finally {
    await rm(draft, { force: true });
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

async function isStale(path: string, holder: Owner | undefined): Promise<boolean> {
  const alive = holder && isAlive(holder);
  if (alive !== undefined) return !alive;
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS;
}

/**
 * Removes a dead process's lock. Two processes may find it dead at once, and the slower one must not remove the lock that
 * the faster one has taken meanwhile; so whoever breaks the lock first takes a lock for breaking it, and looks again.
 */
async function breakLock(path: string, holder: Owner | undefined): Promise<void> {
  const breaker: Owner = { id: randomUUID(), ...thisProcess() };
  const breaking = `${path}.breaking`;
  if (!(await claim(breaking, breaker))) {
    await delay(POLL_MS);
    // A breaker that died itself holds nobody up for long.
    const found = await stat(breaking).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(breaking, { force: true });
    return;
  }
  try {
    if ((await readOwner(path))?.id === holder?.id) await rm(path, { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
}
