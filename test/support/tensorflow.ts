import { silentContext } from '../../src/core/events.js';
import { loadTensorFlow } from '../../src/tensorflow/c-api/c-api.js';
import { EagerContext } from '../../src/tensorflow/c-api/eager-context.js';
import { enableOneDnn } from '../../src/tensorflow/onednn.js';
import type { Runtime } from '../../src/tensorflow/runtime/found-runtime.js';
import { obtainRuntime } from '../../src/tensorflow/runtime/obtain.js';

/** The runtime of this machine, for the CPU. */
export async function installedRuntime(): Promise<Runtime> {
  // As it is started everywhere: other tests in this process compare what it computes with other processes, bit for bit.
  enableOneDnn(process.env);
  const request = { device: 'cpu', folder: undefined, environment: process.env } as const;
  return (await obtainRuntime(request, silentContext())).runtime;
}

/** TensorFlow's eager mode on the CPU; to be opened once in a test file. */
export async function openTensorFlow(threads = 1): Promise<EagerContext> {
  const api = loadTensorFlow(await installedRuntime());
  return new EagerContext(api, { threads, useGpu: false, gpuMemoryGrowth: true });
}
