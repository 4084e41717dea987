import { isMainThread } from 'node:worker_threads';

import { ToolkitError } from '../core/errors.js';
import type { StageContext } from '../core/events.js';
import { registerMissingGradients } from './backend/missing-gradients.js';
import { listen } from './listen.js';
import {
  namedRuntime,
  parseOptions,
  useTensorFlowSchema,
  type RuntimeWarning,
  type UseTensorFlowOptions,
} from './options.js';
import { setMixedPrecision, whyFloat32 } from './precision.js';
import { describeTensorFlow, type ActiveTensorFlow } from './running.js';
import { startTensorFlow } from './start.js';

/** The TensorFlow that a call has selected as the backend. */
export interface StartedTensorFlow extends ActiveTensorFlow {
  /** Warnings, such as a GPU that TensorFlow does not use; `onProgress` receives them too. */
  warnings: RuntimeWarning[];
}

/** The implementation of `useTensorFlow` in `src/tensorflow.ts`. */
export async function useTensorFlow(options: UseTensorFlowOptions): Promise<StartedTensorFlow> {
  const values = parseOptions('useTensorFlow', useTensorFlowSchema, options);
  refuseWithoutEffect(values);
  const { context, warnings } = listen(values);
  context.signal.throwIfAborted();
  const environment = process.env;
  const running = await startTensorFlow({ ...values, runtime: namedRuntime(values), environment }, context);
  const isMixed = await setMixedPrecision(running, values.mixedPrecision, environment);
  if (values.mixedPrecision && !isMixed) throw withoutEffect('mixedPrecision', whyFloat32(running));
  if (values.memoryGrowth === false && !running.eager.usesGpu) warnOfMemoryGrowth(context);
  registerMissingGradients();
  return { ...describeTensorFlow(running), warnings };
}

function refuseWithoutEffect({ device, memoryGrowth, deterministic }: UseTensorFlowOptions): void {
  if (device === 'cpu' && memoryGrowth === false) {
    throw withoutEffect('memoryGrowth', 'it concerns GPU memory, and the device is the CPU');
  }
  if (deterministic === true && !isMainThread) {
    throw withoutEffect('deterministic', 'only the main thread can set it');
  }
}

/** With the device `auto`, a program for GPUs may well run on a machine without one. */
function warnOfMemoryGrowth({ emit }: StageContext): void {
  const message = 'memoryGrowth has no effect: TensorFlow computes on the CPU here';
  emit({ event: 'warning', code: 'OPTION_WITHOUT_EFFECT', message, hint: 'leave memoryGrowth out' });
}

function withoutEffect(option: string, reason: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `${option} has no effect: ${reason}`,
    hint: `leave ${option} out`,
  });
}
