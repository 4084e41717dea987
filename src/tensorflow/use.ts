import { ToolkitError } from '../core/errors.js';
import { silentContext, type StageContext } from '../core/events.js';
import {
  findRuntimeSchema,
  installRuntimeSchema,
  parseOptions,
  useTensorFlowSchema,
  type FindRuntimeOptions,
  type InstallRuntimeOptions,
  type ProgressOptions,
  type RuntimeEvent,
  type RuntimeWarning,
  type UseTensorFlowOptions,
} from './options.js';
import { NO_MIXED_PRECISION, setMixedPrecision } from './precision.js';
import type { Runtime } from './runtime/found-runtime.js';
import { installRuntime as install } from './runtime/install.js';
import { findRuntime as find } from './runtime/locate.js';
import { chooseVariant, variantNamed } from './runtime/obtain.js';
import { describeTensorFlow, type ActiveTensorFlow } from './running.js';
import { startTensorFlow } from './start.js';

/** The TensorFlow that a call has made tfjs's backend. */
export interface StartedTensorFlow extends ActiveTensorFlow {
  /** What works less well than it could, such as a GPU that TensorFlow does not use; `onProgress` was told of it too. */
  warnings: RuntimeWarning[];
}

/** See src/tensorflow.ts. */
export async function useTensorFlow(options: UseTensorFlowOptions = {}): Promise<StartedTensorFlow> {
  const values = parseOptions('useTensorFlow', useTensorFlowSchema, options);
  const { device, threads, memoryGrowth, deterministic, mixedPrecision } = values;
  refuseMemoryOfCpu(device === 'cpu', memoryGrowth);
  const { context, warnings } = listen(values);
  const environment = process.env;
  const runtime = values.runtime ?? namedFolder();
  const settings = { device, threads, memoryGrowth, deterministic, runtime, environment };
  const running = await startTensorFlow(settings, context);
  if (!(await setMixedPrecision(running, mixedPrecision, environment)) && mixedPrecision) {
    throw new ToolkitError('USAGE', {
      message: `mixedPrecision has no effect: ${NO_MIXED_PRECISION}`,
      hint: 'leave mixedPrecision out',
    });
  }
  return { ...describeTensorFlow(running), warnings };
}

/** See src/tensorflow.ts. */
export async function findRuntime(options: FindRuntimeOptions = {}): Promise<Runtime | undefined> {
  const values = parseOptions('findRuntime', findRuntimeSchema, options);
  const { emit } = listen(values).context;
  const { variant } = chooseVariant(values.device);
  return find({ folder: values.runtime ?? namedFolder(), variant, environment: process.env, emit });
}

/** See src/tensorflow.ts. */
export async function installRuntime(options: InstallRuntimeOptions = {}): Promise<Runtime> {
  const values = parseOptions('installRuntime', installRuntimeSchema, options);
  return install(variantNamed(values.variant, values.device), process.env, listen(values).context);
}

function refuseMemoryOfCpu(isCpu: boolean, memoryGrowth: boolean | undefined): void {
  if (!isCpu || memoryGrowth !== false) return;
  throw new ToolkitError('USAGE', {
    message: 'memoryGrowth: false has no effect: it is about GPU memory, and the device is the CPU',
    hint: 'leave memoryGrowth out, or use another device',
  });
}

function namedFolder(): string | undefined {
  const folder = process.env['MNIST_TENSORFLOW'];
  return folder === '' ? undefined : folder;
}

function listen({ onProgress, signal }: ProgressOptions): {
  context: StageContext;
  warnings: RuntimeWarning[];
} {
  const warnings: RuntimeWarning[] = [];
  const emit = (event: RuntimeEvent): void => {
    if (event.event === 'warning') warnings.push(event);
    onProgress?.(event);
  };
  return {
    context: silentContext({ emit: emit as StageContext['emit'], ...(signal && { signal }) }),
    warnings,
  };
}
