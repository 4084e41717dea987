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

export interface LocateOptions {
  /** A folder named by `--runtime` or `MNIST_TENSORFLOW`; then no other place is looked at. */
  folder?: string | undefined;
  variant: RuntimeVariant;
  environment: NodeJS.ProcessEnv;
  /** Told why a Python TensorFlow is passed over, and when libraries are verified that were not before. */
  emit?: Emit | undefined;
}

const SUFFIX = process.platform === 'darwin' ? '2.dylib' : 'so.2';

/** The folder that holds what is installed once for all projects; `XDG_CACHE_HOME` moves it. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CACHE_HOME'];
  // A relative one is to be ignored, by the XDG specification: it would mean another folder wherever the command is run.
  return base && isAbsolute(base) ? join(base, 'mnist-train') : envPaths('mnist-train', { suffix: '' }).cache;
}

/** The folder of an installed variant. */
export function variantFolder(variant: RuntimeVariant, environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), 'runtimes', `tensorflow-${variant.tensorflow}-${variant.name}`);
}

/**
 * Looks for a runtime, in the order: the named folder, the cache, an installed Python TensorFlow; nothing is installed. Libraries in
 * the cache, or of Python, are those that TensorFlow published (pinned hashes); a named folder is its user's own choice. Nowhere
 * may other users write to them.
 *
 * Throws RUNTIME_UNUSABLE where the named folder holds no TensorFlow, or libraries of it or of the cache are not to be trusted.
 */
export async function findRuntime(options: LocateOptions): Promise<Runtime | undefined> {
  if (options.folder !== undefined) {
    const folder = resolve(options.folder);
    const runtime = await runtimeIn(folder, { origin: 'option', variant: 'unknown', version: undefined });
    if (runtime) return requireOwn(runtime);
    const reason = `it holds no tensorflow/libtensorflow_cc.${SUFFIX} and libtensorflow_framework.${SUFFIX}`;
    throw new ToolkitError('RUNTIME_UNUSABLE', { path: folder, reason });
  }
  const cached = await findCached(options.variant, options.environment);
  return cached ? verified(cached, options) : findPython(options);
}

/** A runtime once it is known to be what TensorFlow published. Throws RUNTIME_UNUSABLE. */
export async function verified(
  runtime: Runtime,
  { variant, environment, emit }: Omit<LocateOptions, 'folder'>,
): Promise<Runtime> {
  const isSame = (other: RuntimeVariant): boolean =>
    other.tensorflow === variant.tensorflow && other.platform === variant.platform;
  return verifyRuntime(runtime, {
    variants: runtime.origin === 'python' ? [variant, ...variants.filter(isSame)] : [variant],
    memory: cacheFolder(environment),
    onSlow: () =>
      emit?.({
        event: 'notice',
        message: `verifying the TensorFlow libraries in ${runtime.folder}, this once`,
      }),
  });
}

/** The runtime that an earlier run installed, if there is one; it is not verified. */
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

/** The current folder, which Python searches first, is left out: what lies there is not to be run. */
const WHERE_IS_TENSORFLOW = `
import sys
sys.path = [path for path in sys.path if path]
import importlib.util
found = importlib.util.find_spec("tensorflow")
print(found.submodule_search_locations[0] if found else "")
`;

/** A Python TensorFlow's libraries serve as well as our own; Python is asked where they are, and not used otherwise. */
async function findPython(options: LocateOptions): Promise<Runtime | undefined> {
  const { variant, environment, emit } = options;
  for (const python of ['python3', 'python']) {
    const answer = await outputOf(python, ['-c', WHERE_IS_TENSORFLOW], environment, 10_000).catch(() => '');
    const tensorflow = answer.trim();
    if (!tensorflow) continue;
    const packages = dirname(tensorflow);
    const version = await pythonVersion(packages);
    if (version === undefined) continue;
    // Without the libraries of its "and-cuda" extra, a Python TensorFlow cannot use a GPU.
    if (variant.name === 'cuda' && !(await exists(join(packages, 'nvidia', 'cudnn', 'lib')))) continue;
    const runtime = await runtimeIn(tensorflow, { origin: 'python', variant: variant.name, version });
    if (!runtime) continue;
    try {
      if (version === variant.tensorflow) return await verified(runtime, options);
      emit?.(passedOver(runtime, `its version is ${version}, and hashes are known of ${variant.tensorflow}`));
    } catch (error) {
      emit?.(passedOver(runtime, messageOf(error)));
    }
  }
  return undefined;
}

function passedOver({ folder }: Runtime, reason: string): ToolkitEvent {
  return {
    event: 'warning',
    code: 'RUNTIME_UNUSABLE',
    message: `the Python TensorFlow in ${folder} is not used: ${reason}`,
    hint: `if you trust it, name it with --runtime ${folder} or MNIST_TENSORFLOW`,
  };
}

async function pythonVersion(packages: string): Promise<string | undefined> {
  const names = await readdir(packages).catch(() => []);
  const found = names.map((name) => /^tensorflow(?:_cpu)?-(\d+\.\d+\.\d+)\.dist-info$/.exec(name)?.[1]);
  return found.find((version) => version !== undefined);
}
