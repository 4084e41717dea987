import { mkdir, realpath, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { isOffline } from '../../core/download.js';
import { messageOf, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists, makeFolder } from '../../core/files.js';
import { sha256OfFile } from '../../core/hashing.js';
import { withLock } from '../../core/lock.js';
import { whoElseMayWrite } from '../../core/ownership.js';
import { cacheFolder } from '../../tensorflow/runtime/locate.js';
import { downloadNpmPackage } from './npm-package.js';

/** A runtime of which a package of npm holds some files that are used, and much that nobody here needs. */
export interface NpmRuntime {
  /** What messages call it. */
  readonly title: string;
  /** The package, and the size of its archive. */
  readonly package: { readonly name: string; readonly version: string; readonly mebibytes: number };
  /** The folder of the package that the files are in. */
  readonly folder: string;
  /** All files that are used, by name, with their SHA-256. */
  readonly files: ReadonlyMap<string, string>;
  /** The error where it cannot be had; the command installs the package. */
  missing(reason: string, command: string, cause?: unknown): ToolkitError;
}

/** Which of the files are needed, and where to look for them. */
export interface NpmRuntimeRequest {
  files: readonly string[];
  environment: NodeJS.ProcessEnv;
}

/**
 * The folder with the files of a runtime: that of the package where the pinned version is installed, or else the cache, which is filled on
 * first use with the files that are used. Throws what `missing` gives, STORAGE_FULL, STORAGE_DENIED, or the signal's reason.
 */
export async function obtainNpmRuntime(
  runtime: NpmRuntime,
  { files, environment }: NpmRuntimeRequest,
  context: StageContext,
  findInstalled: (runtime: NpmRuntime) => string | undefined = installedFolder,
): Promise<string> {
  const installed = findInstalled(runtime);
  if (installed !== undefined) return installed;
  const { name, version } = runtime.package;
  // A scope's slash is no folder here.
  const folder = join(cacheFolder(environment), 'runtimes', `${name.replace('/', '-')}-${version}`);
  if (await isIntact(folder, runtime, files)) return folder;
  if (isOffline(environment)) throw missing(runtime, 'MNIST_OFFLINE forbids fetching it');
  return install(runtime, folder, environment, context);
}

/** The package as npm is asked for it. */
export function specOf({ package: { name, version } }: Pick<NpmRuntime, 'package'>): string {
  return `${name}@${version}`;
}

/** The files of a package that was installed beside this one, in the pinned version. Not every package exports them by name. */
function installedFolder({ package: { name, version }, folder }: NpmRuntime): string | undefined {
  const require = createRequire(import.meta.url);
  for (const place of require.resolve.paths(name) ?? []) {
    try {
      const about = require(join(place, name, 'package.json')) as { version?: unknown };
      return about.version === version ? join(place, name, folder) : undefined;
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/** Whether some files are those that were published, and nobody else can change them. */
async function isIntact(folder: string, runtime: NpmRuntime, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const path = join(folder, name);
    if (!(await exists(path)) || (await sha256OfFile(path)) !== runtime.files.get(name)) return false;
    if ((await whoElseMayWrite(await realpath(path))) !== undefined) return false;
  }
  return true;
}

async function install(
  runtime: NpmRuntime,
  folder: string,
  environment: NodeJS.ProcessEnv,
  { emit, signal }: StageContext,
): Promise<string> {
  const { title } = runtime;
  const { version, mebibytes } = runtime.package;
  const cache = cacheFolder(environment);
  const onWait = (owner: string): void => {
    emit({ event: 'notice', message: `waiting for ${owner}, which is installing ${title}` });
  };
  const lock = join(cache, `${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.lock`);
  const all = [...runtime.files.keys()];
  return withLock(lock, { waitMs: Infinity, signal, onWait }, async () => {
    // Another process may have installed it while this one waited.
    if (await isIntact(folder, runtime, all)) return folder;
    const message = `installing ${title} ${version} (${mebibytes} MiB) into ${cache} (first use only)`;
    emit({ event: 'stage', stage: 'runtime', message });
    await fill(runtime, folder, environment, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error instanceof ToolkitError ? error : missing(runtime, messageOf(error), error);
    });
    if (await isIntact(folder, runtime, all)) return folder;
    const reason = `${folder} does not hold the files that were published, or others may change them`;
    throw missing(runtime, reason);
  });
}

async function fill(
  runtime: NpmRuntime,
  folder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const staging = `${folder}.unpacking`;
  await rm(staging, { recursive: true, force: true });
  await makeFolder(staging);
  try {
    const archive = await downloadNpmPackage(specOf(runtime), staging, environment, signal);
    const paths = new Set([...runtime.files.keys()].map((name) => `package/${runtime.folder}/${name}`));
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

function missing(runtime: NpmRuntime, reason: string, cause?: unknown): ToolkitError {
  return runtime.missing(reason, `npm install ${specOf(runtime)}`, cause);
}
