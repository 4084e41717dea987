import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import type { ActiveBackend } from '../../engine/backends/backend.js';
import {
  preloadChosenBackend,
  startChosenBackend,
  type BackendOptions,
} from '../../engine/backends/options.js';
import { warnOfNoEffect } from '../../engine/backends/unsupported-options.js';
import { startOnnxRuntime } from '../../engine/onnx-runtime/start.js';
import { isOnnx } from './settings.js';

interface StartSettings {
  engine?: BackendOptions['engine'];
  /** Whether images are changed before they are classified, which needs a backend for every model. */
  testTimeAugmentation?: boolean;
}

/**
 * Starts what computes some models: ONNX Runtime alone where all of them are ONNX files, and otherwise the backend of the options,
 * which the result describes. Throws what `startChosenBackend` and `startOnnxRuntime` throw; DEVICE_UNAVAILABLE and USAGE for options
 * that an ONNX model cannot honour.
 */
export async function startForModels(
  models: readonly { description: CheckpointDescription }[],
  options: BackendOptions,
  context: StageContext,
  { testTimeAugmentation = false, ...settings }: StartSettings = {},
): Promise<ActiveBackend> {
  const found = models.filter(({ description }) => isOnnx(description)).length;
  if (found === 0) return startChosenBackend(options, context, settings);
  const runtime = await startOnnxRuntime(options.threads, context);
  if (found < models.length || testTimeAugmentation) return startChosenBackend(options, context, settings);
  handleOptions(options, context);
  const { name: backend, ...description } = runtime;
  context.emit({ event: 'backend', backend, ...description });
  return runtime;
}

/** Begins to load what `startForModels` will start for some models, where that takes long. Never fails. */
export function preloadForModels(
  models: readonly { description: CheckpointDescription }[],
  options: Partial<BackendOptions>,
  context: StageContext,
): void {
  if (!models.some(({ description }) => isOnnx(description))) preloadChosenBackend(options, context);
}

/** Starts what further models need beside those that were started for. Throws what `startForModels` throws. */
export async function startForMore(
  models: Parameters<typeof startForModels>[0],
  before: Parameters<typeof startForModels>[0],
  options: BackendOptions,
  context: StageContext,
): Promise<void> {
  const kinds = new Set(before.map(({ description }) => isOnnx(description)));
  const others = models.filter(({ description }) => !kinds.has(isOnnx(description)));
  if (others.length > 0) await startForModels(others, options, context);
}

const WHY = 'an ONNX model is computed by ONNX Runtime';

/** Refuses options that would change results, and warns of the others that have no effect. */
function handleOptions(
  { device, precision, backend, runtime, engine, deterministic, gpuMemoryGrowth }: BackendOptions,
  context: StageContext,
): void {
  if (device === 'gpu') {
    throw new ToolkitError('DEVICE_UNAVAILABLE', { reason: 'an ONNX model is computed on the CPU' });
  }
  if (precision === 'mixed') {
    throw new ToolkitError('USAGE', {
      message: `--precision mixed: ${WHY}, as its file says`,
      hint: 'leave --precision mixed out',
    });
  }
  const ignored: readonly [option: string, isGiven: boolean][] = [
    [`--backend ${backend}`, backend !== 'auto'],
    ['--runtime', runtime !== undefined],
    ['--engine eager', engine === 'eager'],
    ['--deterministic', deterministic],
    ['--no-gpu-memory-growth', !gpuMemoryGrowth],
  ];
  for (const [option, isGiven] of ignored) if (isGiven) warnOfNoEffect(option, WHY, context);
}
