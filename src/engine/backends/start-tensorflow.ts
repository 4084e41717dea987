import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { setBackend } from '@tensorflow/tfjs-core';

import type { ActiveBackend, BackendRequest } from './backend.js';
import { warnOfNoEffect } from './unsupported-options.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { loadTensorFlow } from '../../tensorflow/c-api/c-api.js';
import { EagerContext } from '../../tensorflow/c-api/eager-context.js';
import { hasMixedPrecision } from '../../tensorflow/c-api/mixed-precision.js';
import { obtainRuntime } from '../../tensorflow/runtime/obtain.js';
import { BACKEND_NAME } from '../../tensorflow/backend/kernels/kernel-call.js';
import { useTensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';

/** TensorFlow is initialised once per process: its threads and devices cannot be changed afterwards. */
let opening: Promise<RunningTensorFlow> | undefined;

interface RunningTensorFlow {
  active: ActiveBackend;
  eager: EagerContext;
  folder: string;
  isDeterministic: boolean;
  /** Whether mixed precision has an effect on this machine; measured when it is first requested. */
  hasMixedPrecision?: Promise<boolean>;
}

/**
 * Loads TensorFlow and selects it as tfjs's backend. The requested precision applies to programs compiled from now on; all other
 * settings are fixed for the process. Throws the errors of `obtainRuntime` and `loadTensorFlow`, TENSORFLOW_FAILED,
 * DEVICE_UNAVAILABLE if TensorFlow finds no GPU, and BACKEND_UNAVAILABLE if the process already runs it with other settings.
 */
export async function startTensorFlow(
  request: BackendRequest,
  context: StageContext,
): Promise<ActiveBackend> {
  const running = await openOnce(request, context);
  requireSameSettings(running, request);
  await setPrecision(running, request, context);
  warnWithoutGpu(running, request, context);
  await setBackend(BACKEND_NAME);
  return running.active;
}

/** Concurrent callers share one initialisation; after a failure the next call tries again. */
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
  const { device, environment, runtime: folder, gpuMemoryGrowth = true } = request;
  const threads = request.threads ?? request.defaultThreads ?? availableParallelism();
  const { runtime, gpu } = await obtainRuntime({ device, folder, environment }, context);
  // TensorFlow reads this when it creates its first kernels.
  if (request.deterministic === true) process.env['TF_DETERMINISTIC_OPS'] = '1';
  const api = loadTensorFlow(runtime);
  const eager = new EagerContext(api, { threads, useGpu: device !== 'cpu', gpuMemoryGrowth });
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
  await useTensorFlowBackend(eager);
  return {
    active: {
      name: BACKEND_NAME,
      device: eager.usesGpu ? (gpu ?? 'GPU') : 'CPU',
      version: api.TF_Version(),
      threads,
    },
    eager,
    folder: runtime.folder,
    isDeterministic: ['1', 'true'].includes(process.env['TF_DETERMINISTIC_OPS'] ?? ''),
  };
}

function requireSameSettings(running: RunningTensorFlow, request: BackendRequest): void {
  const wanted = conflictingSetting(running, request);
  if (wanted === undefined) return;
  const { active } = running;
  throw new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: BACKEND_NAME,
    reason: `this process already runs it with ${active.threads} threads on ${active.device}, not with ${wanted}`,
    hint: 'TensorFlow is initialised once per process: use another process',
  });
}

/** The setting of a request that differs from the running TensorFlow's, if any. */
function conflictingSetting(
  { active, eager, folder, isDeterministic }: RunningTensorFlow,
  { device, threads, runtime, deterministic, gpuMemoryGrowth }: BackendRequest,
): string | undefined {
  if (runtime !== undefined && resolve(runtime) !== folder) return `the libraries in ${runtime}`;
  if (threads !== undefined && threads !== active.threads) return `${threads} threads`;
  if (device !== 'auto' && (device === 'gpu') !== eager.usesGpu) return `the ${device.toUpperCase()}`;
  if (deterministic === true && !isDeterministic) return 'deterministic kernels';
  const grows = gpuMemoryGrowth ?? eager.config.gpuMemoryGrowth;
  if (eager.usesGpu && grows !== eager.config.gpuMemoryGrowth) {
    return grows ? 'on-demand GPU memory' : 'all GPU memory allocated at the start';
  }
  return undefined;
}

/** The precision is the only setting that can differ between the programs of a process. */
async function setPrecision(
  running: RunningTensorFlow,
  { mixedPrecision = false, environment }: BackendRequest,
  context: StageContext,
): Promise<void> {
  const { eager } = running;
  const isPossible = mixedPrecision && (eager.usesGpu || !isOneDnnWithout16Bits(environment));
  if (isPossible) running.hasMixedPrecision ??= hasMixedPrecision(eager.api, eager.config);
  const hasEffect = isPossible && (await running.hasMixedPrecision) === true;
  eager.config = { ...eager.config, mixedPrecision: hasEffect };
  if (!mixedPrecision || hasEffect) return;
  const reason =
    'TensorFlow computes in float32 here: oneDNN is off, or the processor lacks 16-bit arithmetic';
  warnOfNoEffect('--precision mixed', reason, context);
}

/**
 * Whether an environment variable limits oneDNN to instructions without 16-bit arithmetic. TensorFlow checks only the processor, and
 * oneDNN would then abort the process.
 */
function isOneDnnWithout16Bits(environment: NodeJS.ProcessEnv): boolean {
  const limit = environment['ONEDNN_MAX_CPU_ISA'] ?? environment['DNNL_MAX_CPU_ISA'] ?? '';
  return ['SSE41', 'AVX', 'AVX2', 'AVX2_VNNI'].includes(limit.toUpperCase());
}

function warnWithoutGpu(
  { eager }: RunningTensorFlow,
  { gpuMemoryGrowth }: BackendRequest,
  context: StageContext,
): void {
  if (gpuMemoryGrowth !== false || eager.usesGpu) return;
  warnOfNoEffect('--no-gpu-memory-growth', 'TensorFlow computes on the CPU here', context);
}
