import { SharedInference } from '../../../engine/distributed/shared-inference.js';
import type { WorkerGroup } from '../../../engine/distributed/worker-group.js';
import type { DeviceImages } from '../../../engine/running/device-images.js';
import { inferenceProgram, type ExecutionMode } from '../../../engine/running/prepare.js';
import type { Forward, InferenceProgram } from '../../../engine/running/program.js';

/** A forward pass of a run over images, which its workers share if there are several. */
export function runInference(
  forward: Forward,
  images: DeviceImages,
  classes: number,
  mode: ExecutionMode | undefined,
  group: WorkerGroup | undefined,
): InferenceProgram {
  const program = inferenceProgram(forward, images, classes, mode);
  return group ? new SharedInference(program, images, classes, group) : program;
}
