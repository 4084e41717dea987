import { getKernelsForBackend } from '@tensorflow/tfjs-core';

import { isToolkitError, messageOf, ToolkitError } from '../../../core/errors.js';
import { BACKEND_NAME, defineKernel, wrapKernel, type Compute } from './kernel-call.js';

/** What tfjs says otherwise than TensorFlow, whose names of the inputs and whose sentences differ. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/'segment_ids' input/, 'segmentIds input'],
  [/(is invalid: -\d+) >= \d+/, '$1 < 0'],
  [/must be sorted\.?$/, 'must be sorted in ascending order'],
  [/^(indices.*|Ragged.*)\.$/, '$1'],
];

/** A kernel that failed, in the words that tfjs's own backends use; the name says which it was. */
export class KernelError extends Error {
  constructor(kernel: string, message: string, cause: unknown) {
    super(message, { cause });
    this.name = `${kernel}Error`;
  }
}

/** Has every kernel of the backend name itself in what it throws: many fail on a bad call without saying what it was. */
export function nameKernelErrors(): void {
  for (const { kernelName } of getKernelsForBackend(BACKEND_NAME)) {
    wrapKernel(kernelName, (kernelFunc) => (parameters) => {
      try {
        return kernelFunc(parameters);
      } catch (error) {
        throw named(kernelName, error);
      }
    });
  }
}

/** An error that names a kernel. Messages of tfjs's own checks stay as they are: callers may look for them. */
function named(kernel: string, error: unknown): Error {
  // The outermost kernel is the one that was called.
  if (error instanceof KernelError) return new KernelError(kernel, error.message, error.cause);
  if (isToolkitError(error)) {
    // Such as "TensorFlow failed in a new tensor: …": what was done for the kernel, not an operation.
    const [, task, reason] = /^TensorFlow failed in (an? [^:]+): (.*)/s.exec(error.message) ?? [];
    if (task === undefined || reason === undefined) return error;
    const operation = `${kernel}, ${task}`;
    return new ToolkitError('TENSORFLOW_FAILED', { operation, reason }, { cause: error });
  }
  const isCheck = error instanceof Error && error.constructor === Error;
  return new KernelError(kernel, isCheck ? error.message : `${kernel}: ${messageOf(error)}`, error);
}

/** Registers a kernel whose checks of its inputs are TensorFlow's: callers know them by tfjs's words for them. */
export function defineCheckedKernel(kernelName: string, compute: Compute): void {
  defineKernel(kernelName, (call) => {
    try {
      return compute(call);
    } catch (error) {
      if (!isToolkitError(error) || error.code !== 'TENSORFLOW_FAILED') throw error;
      const reason = error.message.replace(/^TensorFlow failed in \w+: /, '');
      const message = WORDS.reduce((text, [pattern, words]) => text.replace(pattern, words), reason);
      throw new KernelError(kernelName, message, error);
    }
  });
}
