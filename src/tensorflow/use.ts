import { isMainThread } from 'node:worker_threads';

import { ToolkitError } from '../core/errors.js';
import { registerMissingGradients } from './backend/missing-gradients.js';
import { listen } from './listen.js';
import {
  namedRuntime,
  parseOptions,
  useTensorFlowSchema,
  type RuntimeWarning,
  type UseTensorFlowOptions,
} from './options.js';
import { NO_MIXED_PRECISION, setMixedPrecision } from './precision.js';
import { describeTensorFlow, type ActiveTensorFlow } from './running.js';
import { startTensorFlow } from './start.js';

/** The TensorFlow that a call has made tfjs's backend. */
export interface StartedTensorFlow extends ActiveTensorFlow {
  /** What works less well than it could, such as a GPU that TensorFlow does not use; `onProgress` was told of it too. */
  warnings: RuntimeWarning[];
}

/** What `useTensorFlow` of src/tensorflow.ts does. */
export async function useTensorFlow(options: UseTensorFlowOptions): Promise<StartedTensorFlow> {
  const values = parseOptions('useTensorFlow', useTensorFlowSchema, options);
  refuseWithoutEffect(values);
  const { context, warnings } = listen(values);
  const environment = process.env;
  const running = await startTensorFlow({ ...values, runtime: namedRuntime(values), environment }, context);
  const isMixed = await setMixedPrecision(running, values.mixedPrecision, environment);
  if (values.mixedPrecision && !isMixed) throw withoutEffect('mixedPrecision', NO_MIXED_PRECISION);
  registerMissingGradients();
  return { ...describeTensorFlow(running), warnings };
}

function refuseWithoutEffect({ device, memoryGrowth, deterministic }: UseTensorFlowOptions): void {
  if (device === 'cpu' && memoryGrowth === false) {
    throw withoutEffect('memoryGrowth', 'it is about the memory of GPUs, and the device is the CPU');
  }
  if (deterministic === true && !isMainThread) {
    throw withoutEffect('deterministic', 'TensorFlow is told of it by the environment of the main thread');
  }
}

function withoutEffect(option: string, reason: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `${option} has no effect: ${reason}`,
    hint: `leave ${option} out`,
  });
}
