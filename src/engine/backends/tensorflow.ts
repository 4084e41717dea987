import type { BackendDefinition } from './backend.js';

/** TensorFlow's own library, on the CPU or through CUDA. */
export const tensorflow: BackendDefinition = {
  name: 'tensorflow',
  summary: 'native TensorFlow on the CPU or an NVIDIA GPU',
  async start(request, context) {
    // Not before it is asked for: help and lists must not load a native library.
    const { startTensorFlow } = await import('./start-tensorflow.js');
    return startTensorFlow(request, context);
  },
};
