import { ToolkitError } from '../../../core/errors.js';
import type { ActiveBackend } from '../../../engine/backends/backend.js';
import { BACKEND_NAME } from '../../../tensorflow/backend/kernels/kernel-call.js';
import { tensorFlowContext } from '../../../tensorflow/backend/tfjs-backend.js';
import type { TrainConfiguration } from '../train-options.js';

/** Throws WORKERS_UNSUPPORTED for options that several workers cannot train with. */
export function requireSupportedOptions(values: TrainConfiguration, workers: number): void {
  const { accumulate, backend, device, engine, precision, reproduce, batchSize } = values;
  if (values.private) throw unsupported('with --private', 'train without --workers or without --private');
  if (engine === 'eager')
    throw unsupported('with --engine eager', 'leave it out: workers need the compiled engine');
  if (precision === 'mixed') throw unsupported('with --precision mixed', 'leave it out');
  if (backend !== 'auto' && backend !== BACKEND_NAME) {
    throw unsupported(`with --backend ${backend}`, 'leave it out: workers need TensorFlow');
  }
  if (device === 'gpu') throw unsupported('with --device gpu', 'workers train on CPUs: use --device cpu');
  if (reproduce !== undefined) {
    throw unsupported(
      'with --reproduce',
      'repeat the run without --workers, or train it again with its options',
    );
  }
  if (accumulate > 1) {
    throw unsupported(`with --accumulate ${accumulate}`, 'leave it out: each worker computes a part already');
  }
  if (batchSize < workers) {
    const message = `--batch-size ${batchSize} is smaller than the number of workers, ${workers}: some would have no image`;
    throw new ToolkitError('USAGE', {
      message,
      hint: `use --batch-size ${workers} or more, or fewer workers`,
    });
  }
}

/** Throws WORKERS_UNSUPPORTED for a backend that several workers cannot train with. */
export function requireSupportedBackend(backend: ActiveBackend): void {
  if (backend.name !== BACKEND_NAME) {
    throw unsupported(`on the backend ${backend.name}`, 'install TensorFlow with "mnist runtime install"');
  }
  if (tensorFlowContext().usesGpu)
    throw unsupported('on GPUs', 'use --device cpu, or train without --workers');
}

function unsupported(what: string, hint: string): ToolkitError {
  return new ToolkitError('WORKERS_UNSUPPORTED', { what, hint });
}
