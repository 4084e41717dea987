import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import type { BackendRequest } from './backend.js';

/** An option that a backend does not support, as written on the command line, and why. */
interface Unsupported {
  option: string;
  reason: string;
}

/**
 * Rejects the options of a request that a backend with one CPU thread and float32 does not support. Throws DEVICE_UNAVAILABLE for a
 * GPU, and USAGE for an option that would change results or speed; of a fallback, the latter is only a warning. A runtime folder is
 * always a warning, because a machine may set it for all commands.
 */
export function handleUnsupported(backend: string, request: BackendRequest, context: StageContext): void {
  if (request.device === 'gpu') {
    const reason = `the backend "${backend}" computes only on the CPU`;
    throw new ToolkitError('DEVICE_UNAVAILABLE', { reason });
  }
  for (const { option, reason } of unsupportedBy(backend, request)) {
    if (request.isFallback !== true) {
      const hint = `leave ${option} out, or use --backend tensorflow`;
      throw new ToolkitError('USAGE', { message: `${option}: ${reason}`, hint });
    }
    warnOfNoEffect(option, reason, context);
  }
  if (request.gpuMemoryGrowth === false) {
    warnOfNoEffect('--no-gpu-memory-growth', `the backend "${backend}" computes on the CPU alone`, context);
  }
  if (request.runtime !== undefined) {
    warnOfNoEffect('--runtime', `the backend "${backend}" does not use TensorFlow`, context);
  }
}

function unsupportedBy(backend: string, { threads, mixedPrecision }: BackendRequest): Unsupported[] {
  const found: Unsupported[] = [];
  if (threads !== undefined && threads > 1) {
    found.push({ option: `--threads ${threads}`, reason: `the backend "${backend}" has one thread` });
  }
  if (mixedPrecision === true) {
    found.push({ option: '--precision mixed', reason: `the backend "${backend}" computes in float32` });
  }
  return found;
}

/** Warns that an option has no effect on this machine. */
export function warnOfNoEffect(option: string, reason: string, { emit }: StageContext): void {
  emit({
    event: 'warning',
    code: 'OPTION_WITHOUT_EFFECT',
    message: `${option} has no effect: ${reason}`,
    hint: `leave ${option} out`,
  });
}
