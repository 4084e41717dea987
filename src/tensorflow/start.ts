import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { setBackend } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../core/errors.js';
import type { StageContext } from '../core/events.js';
import { BACKEND_NAME } from './backend/kernels/kernel-call.js';
import { registerTensorFlowBackend, requireFreeBackendName } from './backend/tfjs-backend.js';
import { requireTfjs4 } from './backend/tfjs-version.js';
import { loadTensorFlow } from './c-api/c-api.js';
import { EagerContext } from './c-api/eager-context.js';
import { enableOneDnn, instructionSet, usesOneDnn } from './onednn.js';
import { preloaded } from './preload.js';
import { keepRunning, runningTensorFlow, type RunningTensorFlow } from './running.js';
import type { DeviceName } from './runtime/device.js';
import { obtainRuntime, type ObtainedRuntime } from './runtime/obtain.js';

/** How TensorFlow is initialised, once per process: its threads and devices cannot be changed afterwards. */
export interface TensorFlowSettings {
  device: DeviceName;
  /** Threads per kernel; undefined accepts any number. */
  threads?: number | undefined;
  /** Threads per kernel where `threads` is undefined; otherwise one per core. */
  defaultThreads?: number | undefined;
  /** The folder of its libraries, instead of those that would be found or installed. */
  runtime?: string | undefined;
  /** Whether GPU memory is allocated on demand (the default) or all at the start. */
  memoryGrowth?: boolean | undefined;
  /** Whether only deterministic GPU kernels are used. */
  deterministic?: boolean | undefined;
  environment: NodeJS.ProcessEnv;
}

let opening: Promise<RunningTensorFlow> | undefined;

/** Finds or installs TensorFlow, loads it and selects it as tfjs's backend. Throws the errors of `obtainRuntime` and `openTensorFlow`. */
export async function startTensorFlow(
  settings: TensorFlowSettings,
  context: StageContext,
): Promise<RunningTensorFlow> {
  const opened = runningTensorFlow() ?? (await openOnce(settings, context));
  requireSameSettings(opened, settings);
  await setBackend(BACKEND_NAME);
  return opened;
}

/** Concurrent callers share one initialisation; after a failure the next call tries again. */
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
  const obtained =
    (await preloaded(settings)) ?? (await obtainRuntime({ device, folder, environment }, context));
  return openTensorFlow(obtained, settings, context);
}

/**
 * Loads TensorFlow from a runtime and registers it as a backend of tfjs, for `setBackend` to select. If the process already runs it,
 * returns that one. Throws RUNTIME_UNUSABLE, OUT_OF_MEMORY, TENSORFLOW_FAILED, DEVICE_UNAVAILABLE if TensorFlow finds no GPU, and
 * BACKEND_UNAVAILABLE if the process already runs it with other settings or has loaded a tfjs that does not fit.
 */
export function openTensorFlow(
  { runtime, gpu }: ObtainedRuntime,
  settings: TensorFlowSettings,
  context: StageContext,
): RunningTensorFlow {
  const running = runningTensorFlow();
  if (running) {
    requireSameSettings(running, settings);
    return running;
  }
  requireUsableTfjs();
  const { device, memoryGrowth = true } = settings;
  const threads = settings.threads ?? settings.defaultThreads ?? availableParallelism();
  enableOneDnn(process.env);
  // TensorFlow reads this when it creates its first kernels.
  if (settings.deterministic === true) process.env['TF_DETERMINISTIC_OPS'] = '1';
  const api = loadTensorFlow(runtime);
  const eager = new EagerContext(api, { threads, useGpu: device !== 'cpu', gpuMemoryGrowth: memoryGrowth });
  if (device === 'gpu' && !eager.usesGpu) {
    const reason = `TensorFlow in ${runtime.folder} does not find it`;
    throw new ToolkitError('DEVICE_UNAVAILABLE', { reason });
  }
  if (gpu !== undefined && !eager.usesGpu) {
    context.emit({
      event: 'warning',
      code: 'GPU_UNUSED',
      message: `TensorFlow in ${runtime.folder} does not use ${gpu}; computing on the CPU`,
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
    oneDnn: usesOneDnn(runtime.framework),
    instructionSet: instructionSet(process.env),
    isDeterministic: ['1', 'true'].includes(process.env['TF_DETERMINISTIC_OPS'] ?? ''),
  });
}

function requireUsableTfjs(): void {
  requireTfjs4();
  requireFreeBackendName();
}

function requireSameSettings(opened: RunningTensorFlow, settings: TensorFlowSettings): void {
  const wanted = conflictingSetting(opened, settings);
  if (wanted === undefined) return;
  const { threads, device } = opened;
  throw new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: BACKEND_NAME,
    reason: `this process already runs it with ${threads} threads on ${device}, not with ${wanted}`,
    hint: 'TensorFlow is initialised once per process: use another process',
  });
}

/** The setting that differs from the running TensorFlow's, if any. */
function conflictingSetting(
  { eager, threads: runningThreads, folder, isDeterministic }: RunningTensorFlow,
  { device, threads, runtime, deterministic, memoryGrowth }: TensorFlowSettings,
): string | undefined {
  if (runtime !== undefined && resolve(runtime) !== folder) return `the libraries in ${runtime}`;
  if (threads !== undefined && threads !== runningThreads) return `${threads} threads`;
  if (device !== 'auto' && (device === 'gpu') !== eager.usesGpu) return `the ${device.toUpperCase()}`;
  if (deterministic === true && !isDeterministic) return 'deterministic kernels';
  const grows = memoryGrowth ?? eager.config.gpuMemoryGrowth;
  if (eager.usesGpu && grows !== eager.config.gpuMemoryGrowth) {
    return grows ? 'on-demand GPU memory' : 'all GPU memory allocated at the start';
  }
  return undefined;
}
