import type { Checkpoint } from '../artifacts/checkpoint.js';
import { placeOnDevice } from '../engine/device-images.js';
import { allIndices, type LabelledImages } from '../engine/images.js';
import { inferenceProgram, type ExecutionMode } from '../engine/prepare.js';
import { loadModel } from './load-model.js';

export interface ClassifyOptions {
  signal: AbortSignal;
  /** Which images are classified, in this order; left out, all. */
  indices?: Int32Array;
  /** How the forward pass is run; left out, as is best on the backend. */
  mode?: ExecutionMode | undefined;
}

/**
 * The logits that a checkpoint's model gives some images, row by row, on the backend that was started. Throws
 * CHECKPOINT_REFUSED, and the signal's reason when aborted.
 */
export async function classifyImages(
  checkpoint: Checkpoint,
  images: LabelledImages,
  { signal, mode, indices = allIndices(images.count) }: ClassifyOptions,
): Promise<Float32Array> {
  const { preprocessing, classNames } = checkpoint.description;
  const { model, variables } = loadModel(checkpoint);
  const placed = placeOnDevice(images, preprocessing);
  const forward = inferenceProgram(
    (batch) => model.apply(batch, variables.values()),
    placed,
    classNames.length,
    mode,
  );
  try {
    return await forward.run(indices, signal);
  } finally {
    forward.dispose();
    placed.dispose();
    variables.dispose();
  }
}
