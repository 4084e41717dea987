import type { BackendDefinition } from './backend.js';
import { handleUnsupported } from './unsupported-options.js';

/** tfjs's JavaScript backend: it has every kernel, and serves for comparison and as a last resort. */
export const cpu: BackendDefinition = {
  name: 'cpu',
  summary: 'plain JavaScript: all operations, very slow',
  async start(request, context) {
    handleUnsupported('cpu', request, context);
    const { enableProdMode, setBackend } = await import('@tensorflow/tfjs-core');
    // Otherwise tfjs prints an advertisement of its faster packages.
    enableProdMode();
    const { version_cpu: version } = await import('#tfjs-backend-cpu');
    await setBackend('cpu');
    return { name: 'cpu', device: 'CPU', version, threads: 1 };
  },
};
