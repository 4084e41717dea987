import { asToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import type { ActiveBackend, BackendRequest } from './backend.js';
import { backends } from './index.js';
import { tensorflow } from './tensorflow.js';
import { wasm } from './wasm.js';

/** `auto`, or a backend by name. */
export const backendChoices = ['auto', ...backends.names] as [string, ...string[]];

/**
 * Starts a backend and says which. One that is named is started or the call fails; `auto` takes TensorFlow, and where that
 * cannot be had WebAssembly, with a warning that says why, what is lost and how to get it back.
 */
export async function startBackend(
  name: string,
  request: BackendRequest,
  context: StageContext,
): Promise<ActiveBackend> {
  const active = name === 'auto' ? await startBest(request, context) : await start(name, request, context);
  const { device, version, threads } = active;
  context.emit({ event: 'backend', backend: active.name, device, version, threads });
  return active;
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
    // Who names a GPU or a runtime folder wants that, and nothing else; and a full disk is not cured by WebAssembly.
    const isNegotiable = request.device !== 'gpu' && request.runtime === undefined && error.exitCode === 4;
    if (!isNegotiable) throw error;
    context.emit({
      event: 'warning',
      code: error.code,
      message: `${error.message}; computing with WebAssembly instead, several times slower and without convolutional nets`,
      hint: error.hint,
    });
    // What only TensorFlow has was asked of it, and is lost with it: the warning says so.
    return wasm.start({ ...request, isFallback: true }, context);
  }
}
