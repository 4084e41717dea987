import { tensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';
import { CompiledInference } from './compiled-inference.js';
import { CompiledTraining } from './compiled-training.js';
import type { DeviceImages } from './device-images.js';
import { eagerInference, eagerTraining } from './eager.js';
import type { Forward, InferenceProgram, TrainingProgram, TrainingStep } from './program.js';

/** How a program runs: compiled to a TensorFlow graph, or operation by operation. */
export type ExecutionMode = 'compiled' | 'eager';

/** Creates the training program of a step over a data set; by default compiled on TensorFlow, eager on other backends. */
export function trainingProgram(
  step: TrainingStep,
  data: DeviceImages,
  mode: ExecutionMode = bestMode(),
): TrainingProgram {
  return mode === 'compiled' ? new CompiledTraining(step, data) : eagerTraining(step, data);
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
