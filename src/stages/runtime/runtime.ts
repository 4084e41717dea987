import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { ToolkitError, messageOf } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { installRuntime, removeRuntime } from '../../tensorflow/runtime/install.js';
import type { Runtime } from '../../tensorflow/runtime/found-runtime.js';
import { findCached, findRuntime, variantFolder } from '../../tensorflow/runtime/locate.js';
import { chooseVariant } from '../../tensorflow/runtime/obtain.js';
import { downloadBytes, variantFor, type RuntimeVariant } from '../../tensorflow/runtime/variants.js';
import { backendOptions } from '../../engine/backends/options.js';

/** The options of `runtime`. */
export const runtimeFields = z.strictObject({
  variant: z
    .enum(['auto', 'cpu', 'cuda'])
    .default('auto')
    .meta({ description: 'runtime for the CPU or for NVIDIA GPUs; auto: by the installed driver' }),
  device: backendOptions.device,
});

export type RuntimeOptions = z.output<typeof runtimeFields>;

/** A runtime that is there or could be. */
export interface ListedRuntime {
  variant: string;
  version: string | undefined;
  installed: boolean;
  /** Whether `remove` would take it away: those that this program installed. */
  removable: boolean;
  /** On the disk if it is installed, else to download. */
  bytes: number;
  folder: string;
  /** Why it is not loaded although it is there; null where nothing speaks against it. */
  problem: string | null;
}

/**
 * Installs the chosen runtime if it is missing. Throws RUNTIME_MISSING if there is none for this platform, and the errors of
 * `installRuntime`.
 */
export async function installChosen(
  { variant: name, device }: RuntimeOptions,
  environment: NodeJS.ProcessEnv,
  context: StageContext = silentContext(),
): Promise<Runtime> {
  if ((name === 'cpu' && device === 'gpu') || (name === 'cuda' && device === 'cpu')) {
    throw new ToolkitError('USAGE', {
      message: `--variant ${name} and --device ${device} contradict each other`,
      hint: 'leave out one of them',
    });
  }
  if (name === 'auto') return installRuntime(chooseVariant(device).variant, environment, context);
  const variant = variantFor(name);
  if (variant) return installRuntime(variant, environment, context);
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: `there is no ${name} runtime for ${process.platform}-${process.arch}`,
    hint: '"mnist runtime list" shows those that there are',
  });
}

/** The runtimes for this machine: those that can be installed, and a Python TensorFlow that would be used instead. */
export async function listRuntimes(environment: NodeJS.ProcessEnv): Promise<ListedRuntime[]> {
  const listed: ListedRuntime[] = [];
  for (const variant of machineVariants()) {
    const found = await findCached(variant, environment);
    const folder = variantFolder(variant, environment);
    const bytes = found ? await folderBytes(folder) : downloadBytes(variant);
    const { name, tensorflow: version } = variant;
    const { runtime: used, problem } = await attemptToFind(variant, environment);
    const own = { variant: name, version, installed: found !== undefined, removable: true, bytes, folder };
    listed.push({ ...own, problem: found ? problem : null });
    if (used?.origin === 'python' && !listed.some((other) => other.folder === used.folder)) {
      const python = { variant: 'python', version: used.version, installed: true, removable: false };
      listed.push({ ...python, bytes: await folderBytes(used.folder), folder: used.folder, problem: null });
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

/** Removes all runtimes that were installed, and returns their folders. Throws FOLDER_BUSY during an installation. */
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
