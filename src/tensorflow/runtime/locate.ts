import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import envPaths from 'env-paths';

import { ToolkitError } from '../../core/errors.js';
import { exists } from '../../core/files.js';
import type { RuntimeVariant, VariantName } from './variants.js';

/** Where a runtime was found: named by the user, in our cache, or as part of an installed Python TensorFlow. */
export type RuntimeOrigin = 'option' | 'cache' | 'python';

/** A folder with TensorFlow's two libraries, ready to be loaded. */
export interface Runtime {
  origin: RuntimeOrigin;
  variant: VariantName | 'unknown';
  version: string | undefined;
  /** The folder as a person would name it. */
  folder: string;
  /** `libtensorflow_cc`: the C API. */
  library: string;
  /** `libtensorflow_framework`: a part of the C API, and what the other one is linked with. */
  framework: string;
}

export interface LocateOptions {
  /** A folder named by `--runtime` or `MNIST_TENSORFLOW`; then no other place is looked at. */
  folder?: string | undefined;
  variant: RuntimeVariant;
  environment: NodeJS.ProcessEnv;
}

const SUFFIX = process.platform === 'darwin' ? '2.dylib' : 'so.2';
/** The oldest TensorFlow whose C API and operations were tried with this package. */
const OLDEST = [2, 16] as const;

/** The folder that holds what is installed once for all projects; `XDG_CACHE_HOME` moves it. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CACHE_HOME'];
  return base ? join(base, 'mnist-train') : envPaths('mnist-train', { suffix: '' }).cache;
}

/** The folder of an installed variant. */
export function variantFolder(variant: RuntimeVariant, environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), 'runtimes', `tensorflow-${variant.tensorflow}-${variant.name}`);
}

/**
 * Looks for a runtime, in the order: the named folder, the cache, an installed Python TensorFlow; nothing is installed.
 * Throws RUNTIME_UNUSABLE where the named folder holds no TensorFlow.
 */
export async function findRuntime(options: LocateOptions): Promise<Runtime | undefined> {
  if (options.folder !== undefined) {
    const folder = resolve(options.folder);
    const runtime = await runtimeIn(folder, { origin: 'option', variant: 'unknown', version: undefined });
    if (!runtime) {
      const reason = `it holds no tensorflow/libtensorflow_cc.${SUFFIX} and libtensorflow_framework.${SUFFIX}`;
      throw new ToolkitError('RUNTIME_UNUSABLE', { path: folder, reason });
    }
    return runtime;
  }
  return (await findCached(options.variant, options.environment)) ?? (await findPython(options));
}

/** The runtime that an earlier run installed, if there is one. */
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
async function findPython({ variant, environment }: LocateOptions): Promise<Runtime | undefined> {
  for (const python of ['python3', 'python']) {
    const found = await promisify(execFile)(python, ['-c', WHERE_IS_TENSORFLOW], {
      env: environment,
      timeout: 10_000,
    }).catch(() => undefined);
    const tensorflow = found?.stdout.trim();
    if (!tensorflow) continue;
    const packages = dirname(tensorflow);
    const version = await pythonVersion(packages);
    if (version === undefined || !isSupported(version)) continue;
    // Without the libraries of its "and-cuda" extra, a Python TensorFlow cannot use a GPU.
    if (variant.name === 'cuda' && !(await exists(join(packages, 'nvidia', 'cudnn', 'lib')))) continue;
    const runtime = await runtimeIn(tensorflow, { origin: 'python', variant: variant.name, version });
    if (runtime) return runtime;
  }
  return undefined;
}

async function pythonVersion(packages: string): Promise<string | undefined> {
  const names = await readdir(packages).catch(() => []);
  const found = names.map((name) => /^tensorflow(?:_cpu)?-(\d+\.\d+\.\d+)\.dist-info$/.exec(name)?.[1]);
  return found.find((version) => version !== undefined);
}

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === OLDEST[0] && minor >= OLDEST[1];
}
