import { randomUUID } from 'node:crypto';
import { link, lstat, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ToolkitError, systemCodeOf } from './errors.js';
import { makeFolder, storageError } from './files.js';
import { isAlive, thisProcess, type ProcessIdentity } from './processes.js';

/** A holder on another machine, or in another container, is taken for dead when it has not shown a sign of life for so long. */
const STALE_MS = 30_000;
const SIGN_OF_LIFE_MS = 5_000;
const POLL_MS = 100;
/** A lock file of this program has some two hundred bytes. */
const MAX_BYTES = 4096;
/** More than any system counts processes to; 0 and negative numbers mean groups of processes. */
const MAX_PROCESS = 2 ** 31 - 1;
const MAX_TEXT = 1000;

export interface LockOptions {
  /** How long to wait for another process; 0 refuses at once with FOLDER_BUSY, Infinity waits until it is free. */
  waitMs: number;
  signal?: AbortSignal | undefined;
  /** Called once when there is something to wait for; says who holds the lock. */
  onWait?: (owner: string) => void;
  /** For how long a holder that cannot be seen may give no sign of life; 30 s by default. */
  staleMs?: number;
}

interface Owner extends ProcessIdentity {
  id: string;
}

/** A lock file as it was found. */
interface Found {
  modified: number;
  /** Undefined where the file does not say who holds it. */
  owner: Owner | undefined;
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
    if ((await find(path))?.owner?.id === owner.id) await rm(path, { force: true });
  }
}

/** Who holds a lock, in words, or undefined where nobody does who is alive. */
export async function holderOf(path: string): Promise<string | undefined> {
  const found = await find(path);
  return found && !isDead(found, STALE_MS) ? nameOf(found.owner) : undefined;
}

function nameOf(holder: Owner | undefined): string {
  return holder ? `process ${holder.process} on ${holder.host}` : 'another process';
}

async function acquire(
  path: string,
  owner: Owner,
  { waitMs, signal, onWait, staleMs = STALE_MS }: LockOptions,
): Promise<void> {
  await makeFolder(dirname(path));
  const deadline = Date.now() + waitMs;
  const watched = new SignsOfLife(staleMs);
  let waiting = false;
  signal?.throwIfAborted();
  while (!(await claim(path, owner))) {
    signal?.throwIfAborted();
    const found = await find(path);
    if (!found) continue;
    if (isDead(found, staleMs) || watched.isSilent(found)) {
      await breakLock(path, found);
      continue;
    }
    const name = nameOf(found.owner);
    // A time that lies in the future says nothing: only watching tells whether anybody is there.
    if (Date.now() >= deadline && !(isFromFuture(found) && !watched.hasMoved)) {
      throw new ToolkitError('FOLDER_BUSY', { path: dirname(path), owner: name, lock: path });
    }
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

/** What is at the path of a lock; undefined where nothing is. Throws STORAGE_DENIED for what cannot be a lock, such as a folder. */
async function find(path: string): Promise<Found | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isFile())
    throw new ToolkitError('STORAGE_DENIED', { path, reason: 'it is in the way of a lock file; delete it' });
  const owner = found.size > MAX_BYTES ? undefined : await readOwner(path);
  return { modified: found.mtimeMs, owner };
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner> | null;
    if (!isOwner(owner)) return undefined;
    // Where the system tells when a process started, every lock says it: without, a number means nothing.
    return owner.started === '' && thisProcess().started !== '' ? undefined : owner;
  } catch {
    return undefined;
  }
}

/** Whether a lock file says who holds it, and nothing that no process can be. */
function isOwner(value: Partial<Record<keyof Owner, unknown>> | null): value is Owner {
  if (value === null) return false;
  const { id, process: number, host, namespace, started } = value;
  const texts = [id, host, namespace, started].every(
    (text) => typeof text === 'string' && text.length <= MAX_TEXT,
  );
  const isProcess = Number.isInteger(number) && Number(number) >= 1 && Number(number) <= MAX_PROCESS;
  return texts && isProcess && id !== '' && host !== '';
}

/** Whether a lock's holder is known to be dead, or has not given a sign of life for long. */
function isDead({ owner, modified }: Found, staleMs: number): boolean {
  const alive = owner && isAlive(owner);
  if (alive !== undefined) return !alive;
  return Date.now() - modified > staleMs;
}

/** Whether a holder that cannot be seen gave its last sign of life at a time that is yet to come, by this machine's clock. */
function isFromFuture({ owner, modified }: Found): boolean {
  const isSeen = owner && isAlive(owner) !== undefined;
  return !isSeen && modified - Date.now() > STALE_MS;
}

/** Watches a lock with this machine's clock alone: clocks of other machines may be wrong by years. */
class SignsOfLife {
  readonly #staleMs: number;
  #modified: number | undefined;
  #since = 0;
  #hasMoved = false;

  constructor(staleMs: number) {
    this.#staleMs = staleMs;
  }

  /** Whether a sign of life was seen since the watch began. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  /** Whether a holder that cannot be seen has given no sign of life for as long as it is watched, and long enough. */
  isSilent({ owner, modified }: Found): boolean {
    if (owner && isAlive(owner) !== undefined) return false;
    if (modified !== this.#modified) {
      this.#hasMoved = this.#modified !== undefined;
      this.#modified = modified;
      this.#since = performance.now();
    }
    return performance.now() - this.#since > this.#staleMs;
  }
}

/**
 * Removes a dead process's lock. Two processes may find it dead at once, and the slower one must not remove the lock that
 * the faster one has taken meanwhile; so whoever breaks the lock first takes a lock for breaking it, and looks again.
 */
async function breakLock(path: string, { owner: holder, modified }: Found): Promise<void> {
  const breaker: Owner = { id: randomUUID(), ...thisProcess() };
  const breaking = `${path}.breaking`;
  if (!(await claim(breaking, breaker))) {
    await delay(POLL_MS);
    // A breaker that died itself holds nobody up for long.
    const found = await find(breaking);
    if (found && Math.abs(Date.now() - found.modified) > STALE_MS) await rm(breaking, { force: true });
    return;
  }
  try {
    const found = await find(path);
    if (found?.owner?.id === holder?.id && found?.modified === modified) await rm(path, { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
}
