import { randomUUID } from 'node:crypto';
import { link, lstat, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ToolkitError, systemCodeOf } from './errors.js';
import { makeFolder, storageError } from './files.js';
import { isAlive, thisProcess, type ProcessIdentity } from './processes.js';

/** The time without a heartbeat after which a holder on another machine or in another container counts as dead. */
const STALE_MS = 30_000;
const HEARTBEAT_MS = 5_000;
const POLL_MS = 100;
/** A lock file of this program has about 200 bytes. */
const MAX_BYTES = 4096;
/** The largest process ID of any system; 0 and negative numbers address process groups. */
const MAX_PROCESS = 2 ** 31 - 1;
const MAX_TEXT = 1000;

export interface LockOptions {
  /** How long to wait for another process: 0 throws FOLDER_BUSY at once, Infinity waits until the lock is free. */
  waitMs: number;
  signal?: AbortSignal | undefined;
  /** Called once, with the holder's name, if the lock is held. */
  onWait?: (owner: string) => void;
  /** The time without a heartbeat after which a remote holder counts as dead; 30 s by default. */
  staleMs?: number;
}

interface Owner extends ProcessIdentity {
  id: string;
}

/** A lock file that was found. */
interface Found {
  modified: number;
  /** Undefined if the file does not name its holder. */
  owner: Owner | undefined;
}

/**
 * Runs an action while holding a lock file. The lock of a dead process is taken over. Throws FOLDER_BUSY after the wait,
 * STORAGE_DENIED, STORAGE_FULL, and the errors of the action.
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
  }, HEARTBEAT_MS);
  signOfLife.unref();
  try {
    return await action();
  } finally {
    clearInterval(signOfLife);
    if ((await find(path))?.owner?.id === owner.id) await rm(path, { force: true });
  }
}

/** Describes the living holder of a lock; undefined if there is none. */
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
  const watched = new HeartbeatWatch(staleMs);
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
    // A heartbeat in the future proves nothing: only watching the file shows whether the holder is alive.
    if (Date.now() >= deadline && !(isFromFuture(found) && !watched.hasMoved)) {
      throw new ToolkitError('FOLDER_BUSY', { path: dirname(path), owner: name, lock: path });
    }
    if (!waiting) onWait?.(name);
    waiting = true;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  }
}

/** Creates the lock file with its contents: a hard link to a complete file, which fails if the lock exists. */
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

/** Reads a lock; undefined if there is none. Throws STORAGE_DENIED if something else, such as a folder, has its path. */
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
    // A lock records the start time if the system reports it: without it, a process ID is ambiguous.
    return owner.started === '' && thisProcess().started !== '' ? undefined : owner;
  } catch {
    return undefined;
  }
}

/** Whether a lock file names a valid holder. */
function isOwner(value: Partial<Record<keyof Owner, unknown>> | null): value is Owner {
  if (value === null) return false;
  const { id, process: number, host, namespace, started } = value;
  const texts = [id, host, namespace, started].every(
    (text) => typeof text === 'string' && text.length <= MAX_TEXT,
  );
  const isProcess = Number.isInteger(number) && Number(number) >= 1 && Number(number) <= MAX_PROCESS;
  return texts && isProcess && id !== '' && host !== '';
}

/** Whether a lock's holder is known to be dead, or its last heartbeat is too old. */
function isDead({ owner, modified }: Found, staleMs: number): boolean {
  const alive = owner && isAlive(owner);
  if (alive !== undefined) return !alive;
  return Date.now() - modified > staleMs;
}

/** Whether the last heartbeat of a remote holder is in the future, by this machine's clock. */
function isFromFuture({ owner, modified }: Found): boolean {
  const isSeen = owner && isAlive(owner) !== undefined;
  return !isSeen && modified - Date.now() > STALE_MS;
}

/** Watches a lock's heartbeat with this machine's clock only: the clocks of other machines may be wrong. */
class HeartbeatWatch {
  readonly #staleMs: number;
  #modified: number | undefined;
  #since = 0;
  #hasMoved = false;

  constructor(staleMs: number) {
    this.#staleMs = staleMs;
  }

  /** Whether a heartbeat was seen since watching began. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  /** Whether a remote holder has been watched for long enough without a heartbeat. */
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
 * Removes a dead process's lock. Two processes may find it dead at the same time, and the slower one must not remove the new lock
 * of the faster one; so a process first takes a second lock, for breaking the first, and then checks again.
 */
async function breakLock(path: string, { owner: holder, modified }: Found): Promise<void> {
  const breaker: Owner = { id: randomUUID(), ...thisProcess() };
  const breaking = `${path}.breaking`;
  if (!(await claim(breaking, breaker))) {
    await delay(POLL_MS);
    // A process that dies while breaking the lock blocks others only briefly.
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
