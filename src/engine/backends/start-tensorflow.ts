import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { setBackend } from '@tensorflow/tfjs-core';

import type { ActiveBackend, BackendRequest } from './backend.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { loadTensorFlow } from '../../tensorflow/c-api/c-api.js';
import { EagerContext } from '../../tensorflow/c-api/eager-context.js';
import { obtainRuntime } from '../../tensorflow/runtime/obtain.js';
import { BACKEND_NAME } from '../../tensorflow/backend/extra-kernels.js';
import { useTensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';

/** TensorFlow creates its threads and takes its devices once in the life of a process. */
let opening: Promise<RunningTensorFlow> | undefined;

interface RunningTensorFlow extends ActiveBackend {
  usesGpu: boolean;
  folder: string;
}

/**
 * Loads TensorFlow and makes it tfjs's backend. Throws the errors of `obtainRuntime` and `loadTensorFlow`, and
 * BACKEND_UNAVAILABLE where this process already runs it with other settings.
 */
export async function startTensorFlow(
  request: BackendRequest,
  context: StageContext,
): Promise<ActiveBackend> {
  const running = await openOnce(request, context);
  requireSame(running, request);
  await setBackend(BACKEND_NAME);
  return running;
}

/** Callers who come while it is being opened wait for the same one; a failure leaves the way free for another try. */
async function openOnce(request: BackendRequest, context: StageContext): Promise<RunningTensorFlow> {
  const mine = (opening ??= open(request, context));
  try {
    return await mine;
  } catch (error) {
    if (opening === mine) opening = undefined;
    throw error;
  }
}

async function open(request: BackendRequest, context: StageContext): Promise<RunningTensorFlow> {
  const { device, environment, runtime: folder, threads = availableParallelism() } = request;
  const { runtime, gpu } = await obtainRuntime({ device, folder, environment }, context);
  // Read by TensorFlow when its first kernels are made.
  if (request.deterministic === true) process.env['TF_DETERMINISTIC_OPS'] = '1';
  const api = loadTensorFlow(runtime);
  const eager = new EagerContext(api, {
    threads,
    useGpu: device !== 'cpu',
    gpuMemoryGrowth: request.gpuMemoryGrowth ?? true,
    mixedPrecision: request.mixedPrecision ?? false,
  });
  if (device === 'gpu' && !eager.usesGpu) {
    const reason = `TensorFlow in ${runtime.folder} does not register it`;
    throw new ToolkitError('DEVICE_UNAVAILABLE', { reason });
  }
  if (gpu !== undefined && !eager.usesGpu) {
    context.emit({
      event: 'warning',
      code: 'GPU_UNUSED',
      message: `${gpu} is there, but TensorFlow in ${runtime.folder} does not use it; computing on the CPU`,
      hint: '"mnist doctor" shows why',
    });
  }
  await useTensorFlowBackend(eager);
  return {
    name: BACKEND_NAME,
    device: eager.usesGpu ? (gpu ?? 'GPU') : 'CPU',
    version: api.TF_Version(),
    threads,
    usesGpu: eager.usesGpu,
    folder: runtime.folder,
  };
}

function requireSame(running: RunningTensorFlow, request: BackendRequest): void {
  const wanted = differenceFrom(running, request);
  if (wanted === undefined) return;
  throw new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: BACKEND_NAME,
    reason: `it runs with ${running.threads} threads on ${running.device} in this process, not with ${wanted}`,
    hint: 'TensorFlow is set up once in a process: use another process',
  });
}

/** What a request wants otherwise, if anything. */
function differenceFrom(
  running: RunningTensorFlow,
  { device, threads, runtime }: BackendRequest,
): string | undefined {
  if (runtime !== undefined && resolve(runtime) !== running.folder) return `the libraries in ${runtime}`;
  if (threads !== undefined && threads !== running.threads) return `${threads} threads`;
  if (device !== 'auto' && (device === 'gpu') !== running.usesGpu) return `the ${device.toUpperCase()}`;
  return undefined;
}
