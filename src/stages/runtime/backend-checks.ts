import { add, tensor1d } from '@tensorflow/tfjs-core';

import type { ActiveBackend } from '../../engine/backends/backend.js';
import { backends } from '../../engine/backends/index.js';
import { asToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import type { Runtime } from '../../tensorflow/runtime/found-runtime.js';
import type { NvidiaDriver } from '../../tensorflow/runtime/nvidia-driver.js';
import type { Check } from './check.js';

/** The CUDA version of TensorFlow's libraries: a driver of the same major version or a later one runs them. */
const CUDA_MAJOR = 12;

/** What the checks of the backends depend on. */
export interface BackendCircumstances {
  driver: NvidiaDriver;
  /** The runtime that was found, if any. */
  runtime: Runtime | undefined;
  /** The folder of `--runtime`. */
  folder: string | undefined;
  environment: NodeJS.ProcessEnv;
}

/** Starts each backend and has it add two numbers. Does not install a backend that is missing. */
export async function checkBackends(
  circumstances: BackendCircumstances,
  context: StageContext,
): Promise<Check[]> {
  const { runtime, folder, driver } = circumstances;
  const environment = { ...circumstances.environment, MNIST_OFFLINE: '1' };
  const checks: Check[] = [];
  for (const backend of backends) {
    const name = `backend ${backend.name}`;
    try {
      const request = { device: 'auto', threads: undefined, runtime: folder, environment } as const;
      const active = await backend.start(request, { ...context, emit: () => undefined });
      const sum = add(tensor1d([1, 2]), tensor1d([3, 4]))
        .dataSync()
        .join();
      if (sum !== '4,6') throw new Error(`[1, 2] + [3, 4] gave [${sum}]`);
      const isTensorFlow = backend.name === 'tensorflow';
      checks.push(isTensorFlow ? checkTensorFlow(active, driver, runtime) : working(active, null));
    } catch (thrown) {
      const { message, hint } = asToolkitError(thrown);
      // The first training installs it.
      const status = backend.name === 'tensorflow' && runtime === undefined ? 'warning' : 'problem';
      checks.push({ name, status, found: message, advice: hint });
    }
  }
  return checks;
}

/** What to say of a TensorFlow that computes: a warning if the driver reports a GPU that TensorFlow does not use. */
export function checkTensorFlow(
  active: ActiveBackend,
  driver: NvidiaDriver,
  runtime: Runtime | undefined,
): Check {
  if (driver.found && active.device === 'CPU') {
    const check = working(active, adviceForGpu(driver.cudaVersion, runtime));
    return {
      ...check,
      status: 'warning',
      found: `${check.found}; does not use ${driver.devices.join(', ')}`,
    };
  }
  const isSlow = active.device === 'CPU' && active.oneDnn === false && process.arch === 'x64';
  return working(active, isSlow ? 'unset TF_ENABLE_ONEDNN_OPTS: training is faster with oneDNN' : null);
}

function working(
  { name, version, device, oneDnn, instructionSet }: ActiveBackend,
  advice: string | null,
): Check {
  const instructions = instructionSet === undefined ? '' : ` (${instructionSet})`;
  const kernels = oneDnn === undefined ? '' : `, oneDNN ${oneDnn ? `on${instructions}` : 'off'}`;
  return { name: `backend ${name}`, status: 'ok', found: `${version} on ${device}${kernels}`, advice };
}

function adviceForGpu(cudaVersion: string, runtime: Runtime | undefined): string {
  if (runtime === undefined || runtime.variant === 'cpu') return 'run "mnist runtime install --variant cuda"';
  if (Number.parseInt(cudaVersion) < CUDA_MAJOR) {
    return `update the NVIDIA driver: TensorFlow needs one for CUDA ${CUDA_MAJOR} or later`;
  }
  return 'TF_CPP_MIN_LOG_LEVEL=0 mnist doctor shows the reason; check CUDA_VISIBLE_DEVICES and the CUDA libraries of the runtime';
}
