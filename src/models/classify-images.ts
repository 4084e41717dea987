import type { Checkpoint } from '../artifacts/checkpoint.js';
import { withViews } from './augmentation/views.js';
import { placeOnDevice } from '../engine/running/device-images.js';
import { allIndices, type LabelledImages } from '../core/images.js';
import { inferenceProgram, type ExecutionMode } from '../engine/running/prepare.js';
import type { Forward } from '../engine/running/program.js';
import { requireFinite } from './finite-outputs.js';
import { loadModel } from './load-model.js';

export interface ClassifyOptions {
  signal: AbortSignal;
  /** The images to classify, in this order; all by default. */
  indices?: Int32Array;
  /** The execution mode of the forward pass; by default the best one for the backend. */
  mode?: ExecutionMode | undefined;
  /** Whether to average the probabilities over several views of each image. */
  testTimeAugmentation?: boolean;
}

/**
 * Computes the logits of a checkpoint's model for images, row by row, on the started backend. Throws
 * CHECKPOINT_REFUSED, also where they are not numbers, and the signal's reason when aborted.
 */
export async function classifyImages(
  checkpoint: Checkpoint,
  images: LabelledImages,
  { signal, mode, indices = allIndices(images.count), testTimeAugmentation = false }: ClassifyOptions,
): Promise<Float32Array> {
  const { preprocessing, classNames } = checkpoint.description;
  const { model, variables } = loadModel(checkpoint);
  const placed = placeOnDevice(images, preprocessing);
  const plain: Forward = (batch) => model.apply(batch, variables.values());
  const pass = testTimeAugmentation ? withViews(plain, preprocessing) : plain;
  const forward = inferenceProgram(pass, placed, classNames.length, mode);
  try {
    return requireFinite(await forward.run(indices, signal), checkpoint);
  } finally {
    forward.dispose();
    placed.dispose();
    variables.dispose();
  }
}
