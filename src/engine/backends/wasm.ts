import { fileURLToPath } from 'node:url';

import { asToolkitError, isMemoryFailure, messageOf, ToolkitError } from '../../core/errors.js';
import { packageFolder } from '../../core/package-folder.js';
import type { BackendDefinition } from './backend.js';
import { handleUnsupported } from './unsupported-options.js';

/** Node.js has this global, but its types do not. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (options: { initial: number }) => object };
};

/** The initial memory of the WebAssembly module: 16 MiB. */
const INITIAL_PAGES = 256;

/** tfjs's kernels compiled to WebAssembly: available everywhere, one thread, several times slower than TensorFlow. */
export const wasm: BackendDefinition = {
  name: 'wasm',
  summary: 'WebAssembly: nothing to install, one thread, cannot train convolutions',
  async start(request, context) {
    handleUnsupported('wasm', request, context);
    try {
      // Allocated first, because the module prints an allocation failure instead of throwing it.
      new WebAssembly.Memory({ initial: INITIAL_PAGES });
      const { enableProdMode, setBackend } = await import('@tensorflow/tfjs-core');
      enableProdMode();
      const { setWasmPaths, version_wasm: version } = await import('#tfjs-backend-wasm');
      setWasmPaths(fileURLToPath(new URL('vendor/', packageFolder)));
      if (!(await setBackend('wasm'))) throw new Error('it does not start');
      return { name: 'wasm', device: 'CPU', version, threads: 1 };
    } catch (error) {
      if (isMemoryFailure(error)) throw asToolkitError(error);
      throw new ToolkitError(
        'BACKEND_UNAVAILABLE',
        { backend: 'wasm', reason: messageOf(error), hint: 'use --backend tensorflow or --backend cpu' },
        { cause: error },
      );
    }
  },
};
