import { createRequire } from 'node:module';

import { getGradient } from '@tensorflow/tfjs-core';

/**
 * Registers the gradients of tfjs's operations unless they are registered. The Node.js build of tfjs-core leaves them to
 * `@tensorflow/tfjs`, so a program with tfjs-core alone could not train.
 */
export function registerMissingGradients(): void {
  const isRegistered = (getGradient('Add') as unknown) !== undefined;
  if (!isRegistered) createRequire(import.meta.url)('#tfjs-gradients');
}
