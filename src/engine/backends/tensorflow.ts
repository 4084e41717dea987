import type { BackendDefinition } from './backend.js';

/** TensorFlow's native library, on the CPU or on a GPU through CUDA. */
export const tensorflow: BackendDefinition = {
  name: 'tensorflow',
  summary: 'native TensorFlow on the CPU or an NVIDIA GPU',
  async preload(request, context) {
    const { beginLoading } = await import('../../tensorflow/preload.js');
    await beginLoading(request, context.emit);
  },
  async start(request, context) {
    // Imported on first use: help and lists must not load a native library.
    const { startTensorFlow } = await import('./start-tensorflow.js');
    return startTensorFlow(request, context);
  },
};
