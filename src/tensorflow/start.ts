import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { setBackend } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../core/errors.js';
import type { StageContext } from '../core/events.js';
import { BACKEND_NAME } from './backend/extra-kernels.js';
import { registerTensorFlowBackend, requireFreeBackendName } from './backend/tfjs-backend.js';
import { requireTfjs4 } from './backend/tfjs-version.js';
import { loadTensorFlow } from './c-api/c-api.js';
import { EagerContext } from './c-api/eager-context.js';
import { keepRunning, runningTensorFlow, type RunningTensorFlow } from './running.js';
import type { DeviceName } from './runtime/device.js';
import { obtainRuntime, type ObtainedRuntime } from './runtime/obtain.js';

/** How TensorFlow is set up. It creates its threads and takes its devices once in the life of a process. */
export interface TensorFlowSettings {
  device: DeviceName;
  /** Threads that share a kernel's work; undefined accepts any number. */
  threads?: number | undefined;
  /** How many it takes where `threads` is undefined; else one for each core. */
  defaultThreads?: number | undefined;
  /** A folder with its libraries, instead of those that would be found or installed. */
  runtime?: string | undefined;
  /** Whether GPU memory is taken as it is needed (as without it), or all of it at the start. */
  memoryGrowth?: boolean | undefined;
  /** Whether kernels whose results differ from run to run are ruled out. */
  deterministic?: boolean | undefined;
  environment: NodeJS.ProcessEnv;
}

let opening: Promise<RunningTensorFlow> | undefined;

/**
 * Finds TensorFlow, or else installs it, loads it and makes it tfjs's backend. Throws the errors of `obtainRuntime` and
 * `openTensorFlow`.
 */
export async function startTensorFlow(
  settings: TensorFlowSettings,
  context: StageContext,
): Promise<RunningTensorFlow> {
  const opened = runningTensorFlow() ?? (await openOnce(settings, context));
  requireSame(opened, settings);
  await setBackend(BACKEND_NAME);
  return opened;
}

/** Callers who come while it is being opened wait for the same one; a failure leaves the way free for another try. */
async function openOnce(settings: TensorFlowSettings, context: StageContext): Promise<RunningTensorFlow> {
  const mine = (opening ??= obtainAndOpen(settings, context));
  try {
    return await mine;
  } finally {
    if (opening === mine) opening = undefined;
  }
}

async function obtainAndOpen(
  settings: TensorFlowSettings,
  context: StageContext,
): Promise<RunningTensorFlow> {
  requireUsableTfjs();
  const { device, environment, runtime: folder } = settings;
  const obtained = await obtainRuntime({ device, folder, environment }, context);
  return openTensorFlow(obtained, settings, context);
}

/**
 * Loads TensorFlow from a runtime and registers it as a backend of tfjs, which `setBackend` then selects; where it runs already, that
 * one is returned. Throws RUNTIME_UNUSABLE, DEVICE_UNAVAILABLE, OUT_OF_MEMORY, TENSORFLOW_FAILED, and BACKEND_UNAVAILABLE where this
 * process runs it with other settings or has a tfjs that it cannot serve.
 */
export function openTensorFlow(
  { runtime, gpu }: ObtainedRuntime,
  settings: TensorFlowSettings,
  context: StageContext,
): RunningTensorFlow {
  const running = runningTensorFlow();
  if (running) {
    requireSame(running, settings);
    return running;
  }
  requireUsableTfjs();
  const { device, memoryGrowth = true } = settings;
  const threads = settings.threads ?? settings.defaultThreads ?? availableParallelism();
  // Read by TensorFlow when its first kernels are made.
  if (settings.deterministic === true) process.env['TF_DETERMINISTIC_OPS'] = '1';
  const api = loadTensorFlow(runtime);
  const eager = new EagerContext(api, { threads, useGpu: device !== 'cpu', gpuMemoryGrowth: memoryGrowth });
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
  registerTensorFlowBackend(eager);
  return keepRunning({
    eager,
    version: api.TF_Version(),
    device: eager.usesGpu ? (gpu ?? 'GPU') : 'CPU',
    threads,
    folder: runtime.folder,
    isDeterministic: ['1', 'true'].includes(process.env['TF_DETERMINISTIC_OPS'] ?? ''),
  });
}

function requireUsableTfjs(): void {
  requireTfjs4();
  requireFreeBackendName();
}

function requireSame(opened: RunningTensorFlow, settings: TensorFlowSettings): void {
  const wanted = differenceFrom(opened, settings);
  if (wanted === undefined) return;
  const { threads, device } = opened;
  throw new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: BACKEND_NAME,
    reason: `it runs with ${threads} threads on ${device} in this process, not with ${wanted}`,
    hint: 'TensorFlow is set up once in a process: use another process',
  });
}

/** What settings want otherwise, if anything. */
function differenceFrom(
  { eager, threads: runningThreads, folder, isDeterministic }: RunningTensorFlow,
  { device, threads, runtime, deterministic, memoryGrowth }: TensorFlowSettings,
): string | undefined {
  if (runtime !== undefined && resolve(runtime) !== folder) return `the libraries in ${runtime}`;
  if (threads !== undefined && threads !== runningThreads) return `${threads} threads`;
  if (device !== 'auto' && (device === 'gpu') !== eager.usesGpu) return `the ${device.toUpperCase()}`;
  if (deterministic === true && !isDeterministic) return 'deterministic kernels';
  const grows = memoryGrowth ?? eager.config.gpuMemoryGrowth;
  if (eager.usesGpu && grows !== eager.config.gpuMemoryGrowth) {
    return grows ? 'GPU memory taken as it is needed' : 'all GPU memory taken at the start';
  }
  return undefined;
}
