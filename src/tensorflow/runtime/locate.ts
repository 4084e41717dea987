import { readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';

import envPaths from 'env-paths';

import { ToolkitError, messageOf } from '../../core/errors.js';
import type { Emit, ToolkitEvent } from '../../core/events.js';
import { exists } from '../../core/files.js';
import { outputOf } from '../../core/programs.js';
import type { Runtime } from './found-runtime.js';
import { variants, type RuntimeVariant } from './variants.js';
import { requireOwn, verifyRuntime } from './verify.js';

/** What to look for, and where. */
export interface LocateOptions {
  /** The folder of `--runtime` or `MNIST_TENSORFLOW`; if given, the only one searched. */
  folder?: string | undefined;
  variant: RuntimeVariant;
  environment: NodeJS.ProcessEnv;
  /** Receives a warning for each Python TensorFlow that is not used, and a notice when libraries are first verified. */
  emit?: Emit | undefined;
}

const SUFFIX = process.platform === 'darwin' ? '2.dylib' : 'so.2';

/** The cache folder, shared by all projects; below `XDG_CACHE_HOME` if that is set. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CACHE_HOME'];
  // The XDG specification ignores a relative path, which would depend on the current folder.
  return base && isAbsolute(base) ? join(base, 'mnist-train') : envPaths('mnist-train', { suffix: '' }).cache;
}

/** The folder of an installed variant. */
export function variantFolder(variant: RuntimeVariant, environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), 'runtimes', `tensorflow-${variant.tensorflow}-${variant.name}`);
}

/**
 * Finds a runtime without installing one: in the given folder, or else in the cache, or else in an installed Python package.
 * Libraries in the cache and in Python packages must match the pinned hashes; a given folder is trusted as it is. In every case no
 * other user may have write access to the libraries.
 *
 * Throws RUNTIME_UNUSABLE if the given folder contains no TensorFlow, or the libraries in it or in the cache fail these checks.
 */
export async function findRuntime(options: LocateOptions): Promise<Runtime | undefined> {
  if (options.folder !== undefined) {
    const folder = resolve(options.folder);
    const runtime = await runtimeIn(folder, { origin: 'option', variant: 'unknown', version: undefined });
    if (runtime) return requireOwn(runtime);
    const reason = `it contains no tensorflow/libtensorflow_cc.${SUFFIX} and libtensorflow_framework.${SUFFIX}`;
    throw new ToolkitError('RUNTIME_UNUSABLE', { path: folder, reason });
  }
  const cached = await findCached(options.variant, options.environment);
  return cached ? verified(cached, options) : findPython(options);
}

/** Verifies a runtime against the pinned hashes and returns it. Throws RUNTIME_UNUSABLE. */
export async function verified(
  runtime: Runtime,
  { variant, environment, emit }: Omit<LocateOptions, 'folder'>,
): Promise<Runtime> {
  const isSame = (other: RuntimeVariant): boolean =>
    other.tensorflow === variant.tensorflow && other.platform === variant.platform;
  return verifyRuntime(runtime, {
    variants: runtime.origin === 'python' ? [variant, ...variants.filter(isSame)] : [variant],
    cacheFolder: cacheFolder(environment),
    onSlow: () =>
      emit?.({
        event: 'notice',
        message: `verifying the TensorFlow libraries in ${runtime.folder} (first use only)`,
      }),
  });
}

/** The runtime in the cache, not verified; undefined if none is installed. */
export async function findCached(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
): Promise<Runtime | undefined> {
  const folder = variantFolder(variant, environment);
  return runtimeIn(folder, { origin: 'cache', variant: variant.name, version: variant.tensorflow });
}

async function runtimeIn(
  folder: string,
  known: Pick<Runtime, 'origin' | 'variant' | 'version'>,
): Promise<Runtime | undefined> {
  for (const place of [join(folder, 'tensorflow'), folder]) {
    const library = join(place, `libtensorflow_cc.${SUFFIX}`);
    const framework = join(place, `libtensorflow_framework.${SUFFIX}`);
    if ((await exists(library)) && (await exists(framework))) return { ...known, folder, library, framework };
  }
  return undefined;
}

/** Removes the current folder from the search path, so that no code in it is run. */
const FIND_TENSORFLOW = `
import sys
sys.path = [path for path in sys.path if path]
import importlib.util
found = importlib.util.find_spec("tensorflow")
print(found.submodule_search_locations[0] if found else "")
`;

/** The libraries of an installed Python package can be used too; Python only reports where they are. */
async function findPython(options: LocateOptions): Promise<Runtime | undefined> {
  const { variant, environment, emit } = options;
  for (const python of ['python3', 'python']) {
    const answer = await outputOf(python, ['-c', FIND_TENSORFLOW], environment, 10_000).catch(() => '');
    const tensorflow = answer.trim();
    if (!tensorflow) continue;
    const packages = dirname(tensorflow);
    const version = await pythonVersion(packages);
    if (version === undefined) continue;
    // Without its "and-cuda" extra, a Python TensorFlow cannot use a GPU.
    if (variant.name === 'cuda' && !(await exists(join(packages, 'nvidia', 'cudnn', 'lib')))) continue;
    const runtime = await runtimeIn(tensorflow, { origin: 'python', variant: variant.name, version });
    if (!runtime) continue;
    try {
      if (version === variant.tensorflow) return await verified(runtime, options);
      emit?.(
        unusedWarning(runtime, `its version is ${version}, but only ${variant.tensorflow} has pinned hashes`),
      );
    } catch (error) {
      emit?.(unusedWarning(runtime, messageOf(error)));
    }
  }
  return undefined;
}

function unusedWarning({ folder }: Runtime, reason: string): ToolkitEvent {
  return {
    event: 'warning',
    code: 'RUNTIME_UNUSABLE',
    message: `the Python TensorFlow in ${folder} is not used: ${reason}`,
    hint: `if you trust it, set --runtime ${folder} or MNIST_TENSORFLOW`,
  };
}

async function pythonVersion(packages: string): Promise<string | undefined> {
  const names = await readdir(packages).catch(() => []);
  const found = names.map((name) => /^tensorflow(?:_cpu)?-(\d+\.\d+\.\d+)\.dist-info$/.exec(name)?.[1]);
  return found.find((version) => version !== undefined);
}
