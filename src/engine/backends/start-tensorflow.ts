import type { ActiveBackend, BackendRequest } from './backend.js';
import { warnOfNoEffect } from './unsupported-options.js';
import type { StageContext } from '../../core/events.js';
import { BACKEND_NAME } from '../../tensorflow/backend/kernels/kernel-call.js';
import { setMixedPrecision, whyFloat32 } from '../../tensorflow/precision.js';
import { startTensorFlow as start } from '../../tensorflow/start.js';

/**
 * Loads TensorFlow and selects it as tfjs's backend. The requested precision applies to programs compiled from now on; all other
 * settings are fixed for the process. An option without effect on this machine is a warning. Throws the errors of `startTensorFlow` in
 * `src/tensorflow/start.ts`.
 */
export async function startTensorFlow(
  request: BackendRequest,
  context: StageContext,
): Promise<ActiveBackend> {
  const { mixedPrecision = false, gpuMemoryGrowth, environment } = request;
  const running = await start({ ...request, memoryGrowth: gpuMemoryGrowth }, context);
  const isMixed = await setMixedPrecision(running, mixedPrecision, environment);
  if (mixedPrecision && !isMixed) warnOfNoEffect('--precision mixed', whyFloat32(running), context);
  if (gpuMemoryGrowth === false && !running.eager.usesGpu) {
    warnOfNoEffect('--no-gpu-memory-growth', 'TensorFlow computes on the CPU here', context);
  }
  const { device, version, threads, oneDnn, instructionSet } = running;
  return { name: BACKEND_NAME, device, version, threads, oneDnn, instructionSet };
}
