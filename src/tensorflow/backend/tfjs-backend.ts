import { createRequire } from 'node:module';

import type * as kernels from '#tensorflow-kernels';
import { engine, getBackend, registerBackend, setBackend } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { EagerBinding } from './eager-binding.js';
import type { EagerContext } from '../c-api/eager-context.js';
import { registerExtraKernels } from './extra-kernels.js';
import { BACKEND_NAME, tensorFlowOf } from './kernels/kernel-call.js';
import { RecordingBinding } from './recording-binding.js';
import { newTensorFlowBackend, type OwnBinding } from './tensorflow-backend.js';

/** Above tfjs's own backends, as in tfjs-node. */
const PRIORITY = 3;

/** Registers TensorFlow, through an eager context, as tfjs's backend and selects it. */
export async function useTensorFlowBackend(context: EagerContext): Promise<void> {
  registerTensorFlowBackend(context);
  await setBackend(BACKEND_NAME);
}

/** Hands the binding to a backend that waits for TensorFlow; see `registerWaitingBackend`. */
let wake: ((binding: EagerBinding) => void) | undefined;

/** Registers TensorFlow, through an eager context, as a backend of tfjs, for `setBackend` to select. */
export function registerTensorFlowBackend(context: EagerContext): void {
  const binding = new EagerBinding(context);
  if (wake) wake(binding);
  else register((Base) => newTensorFlowBackend(Base, { binding }));
}

/**
 * Registers a backend of tfjs that starts TensorFlow with its first use, so that it can be selected before anything is loaded.
 *
 * @param start calls `registerTensorFlowBackend`, or throws
 */
export function registerWaitingBackend(start: () => void): void {
  if (wake) return;
  const own: OwnBinding = { binding: undefined };
  let waiting: kernels.NodeJSKernelBackend | undefined;
  wake = (binding) => {
    own.binding = binding;
    if (waiting) setProperties(waiting, binding);
  };
  register((Base) => {
    const backend = newTensorFlowBackend(Base, own);
    if (own.binding) return backend;
    startWhenAsked(backend, start);
    return (waiting = backend);
  });
}

function startWhenAsked(backend: kernels.NodeJSKernelBackend, start: () => void): void {
  const getter = (get: () => unknown): PropertyDescriptor => ({ configurable: true, enumerable: true, get });
  Object.defineProperties(backend, {
    binding: getter(() => {
      start();
      return backend.binding;
    }),
    isUsingGpuDevice: getter(() => backend.binding.isUsingGpuDevice()),
  });
}

/** Replaces the getters by plain properties, which are faster and can be set. */
function setProperties(backend: kernels.NodeJSKernelBackend, binding: EagerBinding): void {
  Object.defineProperties(backend, {
    binding: { value: binding, writable: true },
    isUsingGpuDevice: { value: binding.isUsingGpuDevice() },
  });
}

function register(create: (Base: typeof kernels.NodeJSKernelBackend) => kernels.NodeJSKernelBackend): void {
  const require = createRequire(import.meta.url);
  const { NodeJSKernelBackend } = require('#tensorflow-kernels') as typeof kernels;
  registerBackend(BACKEND_NAME, () => create(NodeJSKernelBackend), PRIORITY);
  registerExtraKernels();
}

/** Throws BACKEND_UNAVAILABLE if another package has registered a backend of the same name: their kernels would mix. */
export function requireFreeBackendName(): void {
  if (wake !== undefined || !Object.hasOwn(engine().registryFactory, BACKEND_NAME)) return;
  throw new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: BACKEND_NAME,
    reason: 'another package has registered a backend of this name with TensorFlow.js',
    hint: 'do not load @tensorflow/tfjs-node, @tensorflow/tfjs-node-gpu or a second copy of mnist-train in the same process',
  });
}

/** The TensorFlow backend, or undefined while tfjs uses another. */
export function tensorFlowBackend(): kernels.NodeJSKernelBackend | undefined {
  return getBackend() === BACKEND_NAME ? tensorFlowOf(engine().backend) : undefined;
}

/** The eager context of the TensorFlow backend. Throws while tfjs uses another backend, or records a step. */
export function tensorFlowContext(): EagerContext {
  const binding = tensorFlowBackend()?.binding;
  if (!(binding instanceof EagerBinding)) throw new Error('TensorFlow is not the backend in use');
  return binding.context;
}

/** The binding that records the current step, or undefined outside a recording. */
export function recording(): RecordingBinding | undefined {
  const binding = tensorFlowBackend()?.binding;
  return binding instanceof RecordingBinding ? binding : undefined;
}
