import type { NodeJSKernelBackend, TensorFlowBinding } from '#tensorflow-kernels';
import { getBackend } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { BACKEND_NAME } from '../backend/kernels/kernel-call.js';
import { tensorFlowBackend } from '../backend/tfjs-backend.js';

/** The TensorFlow backend. Throws USAGE, with tfjs-node's message, while tfjs uses another backend. */
export function nodeBackend(): NodeJSKernelBackend {
  const backend = tensorFlowBackend();
  if (backend) return backend;
  throw new ToolkitError('USAGE', {
    message: `Expect the current backend to be "${BACKEND_NAME}", but got "${getBackend()}"`,
    hint: `call tf.setBackend("${BACKEND_NAME}") first`,
  });
}

/** Runs an action and then deletes the tensors that it registered with `own`, even if it throws. */
export function withTensors<Result>(
  binding: TensorFlowBinding,
  action: (own: (id: number) => number) => Result,
): Result {
  const owned: number[] = [];
  try {
    return action((id) => {
      owned.push(id);
      return id;
    });
  } finally {
    for (const id of owned) binding.deleteTensor(id);
  }
}
