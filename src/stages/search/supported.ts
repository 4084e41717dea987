import { currentKeyring } from '../../core/encryption/session.js';
import { ToolkitError } from '../../core/errors.js';
import type { ActiveBackend } from '../../engine/backends/backend.js';
import { BACKEND_NAME } from '../../tensorflow/backend/kernels/kernel-call.js';
import { tensorFlowContext } from '../../tensorflow/backend/tfjs-backend.js';

/** Throws WORKERS_UNSUPPORTED where trials cannot be spread over several workers. */
export function requireSupportedSearch(backend: ActiveBackend): void {
  if (currentKeyring().encrypts) throw unsupported('with encrypted files', 'search without --workers');
  if (backend.name === BACKEND_NAME && tensorFlowContext().usesGpu) {
    throw unsupported('on GPUs', 'use --device cpu, or search without --workers');
  }
}

function unsupported(what: string, hint: string): ToolkitError {
  return new ToolkitError('WORKERS_UNSUPPORTED', { what, hint });
}
