import { asToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import type { ActiveBackend, BackendRequest } from './backend.js';
import { backends } from './index.js';
import { tensorflow } from './tensorflow.js';
import { wasm } from './wasm.js';

/** The values of `--backend`: `auto`, or the name of a backend. */
export const backendChoices = ['auto', ...backends.names] as [string, ...string[]];

/**
 * Starts a backend and emits a `backend` event. `auto` starts TensorFlow, or else falls back to WebAssembly with a warning; a named
 * backend has no fallback. Throws an error with exit code 4 if the backend is unavailable, USAGE for an option that it does not
 * support, and the other errors of `startTensorFlow`.
 */
export async function startBackend(
  name: string,
  request: BackendRequest,
  context: StageContext,
): Promise<ActiveBackend> {
  const active = name === 'auto' ? await startBest(request, context) : await start(name, request, context);
  const { name: backend, ...description } = active;
  context.emit({ event: 'backend', backend, ...description });
  return active;
}

/**
 * Begins to load a backend on another thread, if it can be, for `startBackend` with the same request. Never fails: what is wrong shows when
 * it is started.
 */
export function preloadBackend(
  name: string,
  request: Pick<BackendRequest, 'device' | 'runtime' | 'environment'>,
  context: StageContext,
): void {
  const definition = name === 'auto' ? tensorflow : backends.get(name);
  definition?.preload?.(request, context).catch(() => undefined);
}

function start(name: string, request: BackendRequest, context: StageContext): Promise<ActiveBackend> {
  const backend = backends.get(name);
  if (!backend) throw new Error(`there is no backend "${name}"`);
  return backend.start(request, context);
}

async function startBest(request: BackendRequest, context: StageContext): Promise<ActiveBackend> {
  try {
    return await tensorflow.start(request, context);
  } catch (thrown) {
    const error = asToolkitError(thrown);
    // An explicit GPU or runtime folder has no fallback, nor has an error such as a full disk.
    const canFallBack = request.device !== 'gpu' && request.runtime === undefined && error.exitCode === 4;
    if (!canFallBack) throw error;
    context.emit({
      event: 'warning',
      code: error.code,
      message: `${error.message}; using WebAssembly instead, which is several times slower and cannot train convolutions`,
      hint: error.hint,
    });
    // Options that only TensorFlow supports become warnings.
    return wasm.start({ ...request, isFallback: true }, context);
  }
}
