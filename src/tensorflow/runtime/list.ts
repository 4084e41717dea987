import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../../core/errors.js';
import type { Runtime } from './found-runtime.js';
import { removeRuntime } from './install.js';
import { findCached, findRuntime, variantFolder } from './locate.js';
import { downloadBytes, variantFor, type RuntimeVariant } from './variants.js';

/** A runtime that is installed or can be installed. */
export interface ListedRuntime {
  variant: string;
  version: string | undefined;
  installed: boolean;
  /** Whether it was installed by this package, which can remove it again. */
  removable: boolean;
  /** The size on disk if installed, else of the download. */
  bytes: number;
  /** The size on disk, once installed. */
  installedBytes: number;
  folder: string;
  /** Why an installed runtime is not usable, or null. */
  problem: string | null;
}

/** The runtimes for this machine: those that can be installed, and an installed Python TensorFlow that can be used instead. */
export async function listRuntimes(environment: NodeJS.ProcessEnv): Promise<ListedRuntime[]> {
  const listed: ListedRuntime[] = [];
  for (const variant of machineVariants()) {
    const found = await findCached(variant, environment);
    const folder = variantFolder(variant, environment);
    const bytes = found ? await folderBytes(folder) : downloadBytes(variant);
    const { name, tensorflow: version } = variant;
    const { runtime: used, problem } = await attemptToFind(variant, environment);
    const installedBytes = found ? bytes : variant.installedBytes;
    const own = {
      variant: name,
      version,
      installed: found !== undefined,
      removable: true,
      bytes,
      installedBytes,
      folder,
    };
    listed.push({ ...own, problem: found ? problem : null });
    if (used?.origin === 'python' && !listed.some((other) => other.folder === used.folder)) {
      const python = { variant: 'python', version: used.version, installed: true, removable: false };
      const size = await folderBytes(used.folder);
      listed.push({ ...python, bytes: size, installedBytes: size, folder: used.folder, problem: null });
    }
  }
  return listed;
}

async function attemptToFind(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
): Promise<{ runtime?: Runtime | undefined; problem: string | null }> {
  try {
    return { runtime: await findRuntime({ variant, environment }), problem: null };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** Removes all installed runtimes and returns their folders. Throws FOLDER_BUSY during an installation. */
export async function removeInstalled(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const removed: string[] = [];
  for (const variant of machineVariants()) {
    if (await removeRuntime(variant, environment)) removed.push(variantFolder(variant, environment));
  }
  return removed;
}

function machineVariants(): RuntimeVariant[] {
  return (['cpu', 'cuda'] as const)
    .map((name) => variantFor(name))
    .filter((variant) => variant !== undefined);
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
