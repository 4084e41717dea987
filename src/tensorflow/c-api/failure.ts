import { isMemoryFailure, ToolkitError } from '../../core/errors.js';
import type { Pointer, TensorFlowApi } from './c-api.js';

/** TF_RESOURCE_EXHAUSTED of tensorflow/c/tf_status.h: an allocation failed. */
const RESOURCE_EXHAUSTED = 8;

/**
 * The error of a status, OUT_OF_MEMORY or TENSORFLOW_FAILED; undefined if it is OK.
 *
 * @param operation the failed call, for the message
 */
export function failureOf(api: TensorFlowApi, status: Pointer, operation: string): ToolkitError | undefined {
  const code = api.TF_GetCode(status);
  if (code === 0) return undefined;
  const message = api.TF_Message(status);
  // Of a program, the message says further down in which of its operations it was.
  const node = /\{\{node ([^}]+)\}\}/.exec(message)?.[1];
  const [line = ''] = message.split('\n');
  const reason = node === undefined || line.includes(node) ? line : `${line} (in ${node})`;
  return code === RESOURCE_EXHAUSTED || isMemoryFailure(new Error(reason))
    ? new ToolkitError('OUT_OF_MEMORY', { reason })
    : new ToolkitError('TENSORFLOW_FAILED', { operation, reason });
}
