import { tensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';
import { CompiledInference } from './compiled-inference.js';
import { CompiledTraining } from './compiled-training.js';
import type { DeviceImages } from './device-images.js';
import { eagerInference, eagerTraining } from './eager.js';
import type { Forward, InferenceProgram, TrainingProgram, TrainingStep } from './program.js';

/** How a program is run: as one TensorFlow graph, or operation by operation. */
export type ExecutionMode = 'compiled' | 'eager';

/** A training step over a data set: compiled where TensorFlow computes, else (or on request) eager. */
export function trainingProgram(
  step: TrainingStep,
  data: DeviceImages,
  mode: ExecutionMode = bestMode(),
): TrainingProgram {
  return mode === 'compiled' ? new CompiledTraining(step, data) : eagerTraining(step, data);
}

/** A forward pass over a data set: compiled where TensorFlow computes, else (or on request) eager. */
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
