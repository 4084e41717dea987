import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';

import { asToolkitError, isMemoryFailure, messageOf, ToolkitError } from '../../core/errors.js';
import type { BackendDefinition } from './backend.js';
import { settleUnsupported } from './unsupported-options.js';

/** The part that is used here of what Node.js has, but its types do not. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (options: { initial: number }) => object };
};

/** What its program asks for at its start: 16 MiB. */
const INITIAL_PAGES = 256;

/** tfjs's kernels compiled to WebAssembly: everywhere at hand, several times slower than TensorFlow, one thread. */
export const wasm: BackendDefinition = {
  name: 'wasm',
  summary: 'WebAssembly: nothing to install, one thread, cannot train convolutions',
  async start(request, context) {
    settleUnsupported('wasm', request, context);
    try {
      // Where there is none to be had, the program would print that and not throw it.
      new WebAssembly.Memory({ initial: INITIAL_PAGES });
      const { enableProdMode, setBackend } = await import('@tensorflow/tfjs-core');
      enableProdMode();
      const { setWasmPaths, version_wasm: version } = await import('@tensorflow/tfjs-backend-wasm');
      const require = createRequire(import.meta.url);
      const folder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
      setWasmPaths(join(folder, 'dist') + sep);
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
