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

/** What an action does with the ids of tensors; both functions return the id. */
export interface Ownership {
  /** Has the tensor deleted at the end. */
  own(id: number): number;
  /** Keeps a tensor that was owned. */
  disown(id: number): number;
}

/** Runs an action and then deletes the tensors that it owns, even if it throws. */
export function withTensors<Result>(
  binding: TensorFlowBinding,
  action: (ownership: Ownership) => Result,
): Result {
  const owned = new Set<number>();
  try {
    return action({
      own(id) {
        owned.add(id);
        return id;
      },
      disown(id) {
        owned.delete(id);
        return id;
      },
    });
  } finally {
    for (const id of owned) binding.deleteTensor(id);
  }
}
