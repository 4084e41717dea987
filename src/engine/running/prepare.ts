import { ToolkitError } from '../../core/errors.js';
import { tensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';
import { CompiledInference } from './compiled-inference.js';
import { CompiledTraining } from './compiled-training.js';
import type { DeviceImages } from './device-images.js';
import { eagerInference, eagerTraining } from './eager.js';
import type { Forward, InferenceProgram, TrainingProgram, TrainingStep } from './program.js';

/** How a program runs: compiled to a TensorFlow graph, or operation by operation. */
export type ExecutionMode = 'compiled' | 'eager';

/**
 * Creates the training program of a step over a data set; by default compiled on TensorFlow, eager on other backends. Throws USAGE for several
 * parts where it is not compiled.
 *
 * @param parts how many parts of a batch are computed one after another, to save memory
 */
export function trainingProgram(
  step: TrainingStep,
  data: DeviceImages,
  mode: ExecutionMode = bestMode(),
  parts = 1,
): TrainingProgram {
  if (mode === 'compiled') return new CompiledTraining(step, data, {}, parts);
  if (parts === 1) return eagerTraining(step, data);
  throw new ToolkitError('USAGE', {
    message: `--accumulate ${parts}: only the compiled engine computes a batch in parts`,
    hint: 'leave it out, or use TensorFlow without --engine eager',
  });
}

/** Creates the inference program of a model over a data set; by default compiled on TensorFlow, eager on other backends. */
export function inferenceProgram(
  forward: Forward,
  data: DeviceImages,
  classes: number,
  mode: ExecutionMode = bestMode(),
): InferenceProgram {
  return mode === 'compiled'
    ? new CompiledInference(forward, data, classes)
    : eagerInference(forward, data, classes);
}

function bestMode(): ExecutionMode {
  return tensorFlowBackend() ? 'compiled' : 'eager';
}
