import { ToolkitError } from '../core/errors.js';
import type { DeploymentSource } from './source.js';

/** Refuses a backend that cannot write down what a model does. Throws BACKEND_UNAVAILABLE. */
export function requireTensorFlow(target: string, { backend }: Pick<DeploymentSource, 'backend'>): void {
  if (backend.name === 'tensorflow') return;
  throw new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: backend.name,
    reason: `an export to ${target} is made from what TensorFlow records`,
    hint: 'use --backend tensorflow; "mnist runtime install" brings it',
  });
}
