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
import { downloadNpmPackage } from './npm-package.js';
import type { RuntimeName } from '../web/page-model.js';
import {
  fileNames,
  ONNX_RUNTIME,
  PACKAGE,
  pinnedFiles,
  runtimeNames,
  type PinnedFiles,
} from './pinned-files.js';

/** Which builds are needed, and where to look for them. */
export interface OnnxRuntimeRequest {
  builds: readonly RuntimeName[];
  environment: NodeJS.ProcessEnv;
}

/**
 * The folder with the files of ONNX Runtime: that of an installed onnxruntime-web of the pinned version, or else the cache, which is
 * filled on first use with the six files that are used of the package. Throws ONNX_RUNTIME_MISSING, STORAGE_FULL, STORAGE_DENIED, or the
 * signal's reason.
 */
export async function obtainOnnxRuntime(
  request: OnnxRuntimeRequest,
  context: StageContext,
  findInstalled: () => string | undefined = installedFolder,
  pinned: PinnedFiles = pinnedFiles,
): Promise<string> {
  const installed = findInstalled();
  if (installed !== undefined) return installed;
  const folder = cachedFolder(request.environment);
  if (await isIntact(folder, request.builds, pinned)) return folder;
  if (isOffline(request.environment)) throw missing('MNIST_OFFLINE forbids fetching it');
  return installOnnxRuntime(folder, request, context, pinned);
}

function cachedFolder(environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), 'runtimes', `${PACKAGE.name}-${PACKAGE.version}`);
}

/** The files of an onnxruntime-web that was installed beside this package, in the pinned version. */
function installedFolder(): string | undefined {
  const require = createRequire(import.meta.url);
  try {
    const folder = dirname(require.resolve(`${PACKAGE.name}/ort-wasm-simd-threaded.wasm`));
    const { version } = require(join(folder, '..', 'package.json')) as { version?: unknown };
    return version === PACKAGE.version ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the files of some builds are those that were published, and nobody else can change them. */
async function isIntact(
  folder: string,
  builds: readonly RuntimeName[],
  pinned: PinnedFiles,
): Promise<boolean> {
  for (const build of builds) {
    for (const [name, hash] of pinned[build]) {
      const path = join(folder, name);
      if (!(await exists(path)) || (await sha256OfFile(path)) !== hash) return false;
      if ((await whoElseMayWrite(await realpath(path))) !== undefined) return false;
    }
  }
  return true;
}

async function installOnnxRuntime(
  folder: string,
  { environment }: OnnxRuntimeRequest,
  { emit, signal }: StageContext,
  pinned: PinnedFiles,
): Promise<string> {
  const cache = cacheFolder(environment);
  const onWait = (owner: string): void => {
    emit({ event: 'notice', message: `waiting for ${owner}, which is installing ONNX Runtime` });
  };
  return withLock(join(cache, 'onnx-runtime.lock'), { waitMs: Infinity, signal, onWait }, async () => {
    // Another process may have installed it while this one waited.
    if (await isIntact(folder, runtimeNames, pinned)) return folder;
    const message = `installing ONNX Runtime ${PACKAGE.version} (${PACKAGE.mebibytes} MiB) into ${cache} (first use only)`;
    emit({ event: 'stage', stage: 'runtime', message });
    await fill(folder, environment, signal, pinned).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error instanceof ToolkitError ? error : missing(messageOf(error), error);
    });
    if (await isIntact(folder, runtimeNames, pinned)) return folder;
    throw missing(`${folder} does not hold the files that were published, or others may change them`);
  });
}

async function fill(
  folder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  pinned: PinnedFiles,
): Promise<void> {
  const staging = `${folder}.unpacking`;
  await rm(staging, { recursive: true, force: true });
  await makeFolder(staging);
  try {
    const archive = await downloadNpmPackage(ONNX_RUNTIME, staging, environment, signal);
    const paths = new Set(fileNames(runtimeNames, pinned).map((name) => `package/dist/${name}`));
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

function missing(reason: string, cause?: unknown): ToolkitError {
  const details = { reason, command: `npm install ${ONNX_RUNTIME}` };
  return new ToolkitError('ONNX_RUNTIME_MISSING', details, { cause });
}
