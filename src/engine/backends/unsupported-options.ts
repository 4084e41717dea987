import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import type { BackendRequest } from './backend.js';

/** An option that a backend cannot honour, as a person gives it, and why. */
interface Unsupported {
  option: string;
  reason: string;
}

/**
 * Settles what a request asks of a backend that computes on one thread of the CPU in float32. What would change results or speed is
 * refused: throws DEVICE_UNAVAILABLE for a GPU, else USAGE. Of a fallback, it is a warning, and so is a runtime folder, which a
 * machine may name for all its commands.
 */
export function settleUnsupported(backend: string, request: BackendRequest, context: StageContext): void {
  if (request.device === 'gpu') {
    const reason = `the backend "${backend}" computes on the CPU alone`;
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

/** Warns that an option changes nothing on this machine. */
export function warnOfNoEffect(option: string, reason: string, { emit }: StageContext): void {
  emit({
    event: 'warning',
    code: 'OPTION_WITHOUT_EFFECT',
    message: `${option} has no effect: ${reason}`,
    hint: `leave ${option} out`,
  });
}
