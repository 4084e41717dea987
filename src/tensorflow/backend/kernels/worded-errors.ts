import { isToolkitError } from '../../../core/errors.js';
import { defineKernel, type Compute } from './kernel-call.js';

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
