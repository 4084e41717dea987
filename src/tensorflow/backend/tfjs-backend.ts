import { createRequire } from 'node:module';

import type * as kernels from '#tensorflow-kernels';
import { engine, getBackend, registerBackend, setBackend } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { EagerBinding } from './eager-binding.js';
import type { EagerContext } from '../c-api/eager-context.js';
import { registerExtraKernels } from './extra-kernels.js';
import { BACKEND_NAME } from './kernels/kernel-call.js';
import { RecordingBinding } from './recording-binding.js';
import { newTensorFlowBackend } from './tensorflow-backend.js';

/** Registers TensorFlow, through an eager context, as tfjs's backend and selects it. */
export async function useTensorFlowBackend(context: EagerContext): Promise<void> {
  registerTensorFlowBackend(context);
  await setBackend(BACKEND_NAME);
}

/** Registers TensorFlow, through an eager context, as a backend of tfjs, for `setBackend` to select. */
export function registerTensorFlowBackend(context: EagerContext): void {
  const require = createRequire(import.meta.url);
  const { NodeJSKernelBackend } = require('#tensorflow-kernels') as typeof kernels;
  registerBackend(BACKEND_NAME, () => newTensorFlowBackend(NodeJSKernelBackend, new EagerBinding(context)));
  registerExtraKernels();
}

/** Throws BACKEND_UNAVAILABLE if another package has registered a backend of the same name: their kernels would mix. */
export function requireFreeBackendName(): void {
  if (!Object.hasOwn(engine().registryFactory, BACKEND_NAME)) return;
  throw new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: BACKEND_NAME,
    reason: 'another package has registered a backend of this name with TensorFlow.js',
    hint: 'do not load @tensorflow/tfjs-node, @tensorflow/tfjs-node-gpu or a second copy of mnist-train in the same process',
  });
}

/** The TensorFlow backend, or undefined while tfjs uses another. */
export function tensorFlowBackend(): kernels.NodeJSKernelBackend | undefined {
  return getBackend() === BACKEND_NAME ? asTensorFlow(engine().backend) : undefined;
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

function asTensorFlow(backend: unknown): kernels.NodeJSKernelBackend {
  return backend as kernels.NodeJSKernelBackend;
}
