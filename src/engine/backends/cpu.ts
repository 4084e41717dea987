import type { BackendDefinition } from './backend.js';
import { settleUnsupported } from './unsupported-options.js';

/** tfjs's kernels in JavaScript: has every kernel, and is for comparison and emergencies. */
export const cpu: BackendDefinition = {
  name: 'cpu',
  summary: 'plain JavaScript: all operations, very slow',
  async start(request, context) {
    settleUnsupported('cpu', request, context);
    const { enableProdMode, setBackend } = await import('@tensorflow/tfjs-core');
    // Otherwise tfjs advertises its faster packages on the terminal.
    enableProdMode();
    const { version_cpu: version } = await import('@tensorflow/tfjs-backend-cpu');
    await setBackend('cpu');
    return { name: 'cpu', device: 'CPU', version, threads: 1 };
  },
};
