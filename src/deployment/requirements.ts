import { ToolkitError } from '../core/errors.js';
import type { DeploymentSource } from './source.js';

/** Refuses a backend that cannot record a model's graph. Throws BACKEND_UNAVAILABLE. */
export function requireTensorFlow(target: string, { backend }: Pick<DeploymentSource, 'backend'>): void {
  if (backend.name === 'tensorflow') return;
  throw new ToolkitError('BACKEND_UNAVAILABLE', {
    backend: backend.name,
    reason: `an export to ${target} needs a graph that TensorFlow records`,
    hint: 'use --backend tensorflow; "mnist runtime install" installs it',
  });
}
