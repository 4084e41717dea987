import koffi from 'koffi';

import { messageOf, ToolkitError } from '../../core/errors.js';

/** Kernels that run on the calling thread need a larger stack than koffi's default of 128 KiB. */
const STACK_BYTES = 8 << 20;

// This must be set before the first library is loaded, so every module imports koffi from here.
try {
  koffi.config({ async_stack_size: STACK_BYTES });
} catch (error) {
  const { async_stack_size: bytes = 0 } = koffi.config();
  if (bytes < STACK_BYTES) {
    throw new ToolkitError(
      'BACKEND_UNAVAILABLE',
      {
        backend: 'tensorflow',
        reason: `the program has loaded a library with koffi before (${messageOf(error)})`,
        hint: `start TensorFlow first, or call koffi.config({ async_stack_size: ${STACK_BYTES} }) before koffi.load`,
      },
      { cause: error },
    );
  }
}

/** The C library, as the system's loader finds it. */
export const C_LIBRARY = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';

export { koffi };
