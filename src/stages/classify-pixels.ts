import type { Checkpoint } from '../artifacts/checkpoint.js';
import { placeOnDevice } from '../engine/device-images.js';
import { pixelsPerImage } from '../engine/images.js';
import { inferenceProgram } from '../engine/prepare.js';
import { loadModel } from './load-model.js';

/**
 * The logits that a checkpoint's model gives some images, row by row, on the backend that was started. Throws
 * CHECKPOINT_REFUSED, and the signal's reason when aborted.
 *
 * @param pixels from 0 to 255, image by image, as many as the model's shape asks for
 */
export async function classifyPixels(
  checkpoint: Checkpoint,
  pixels: Uint8Array,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { shape, preprocessing, classNames } = checkpoint.description;
  const count = pixels.length / pixelsPerImage(shape);
  if (count === 0) return new Float32Array(0);
  const { model, variables } = loadModel(checkpoint);
  const images = placeOnDevice({ count, shape, pixels, labels: new Uint8Array(count) }, preprocessing);
  const forward = inferenceProgram(
    (batch) => model.apply(batch, variables.values()),
    images,
    classNames.length,
  );
  try {
    return await forward.run(
      Int32Array.from({ length: count }, (_, index) => index),
      signal,
    );
  } finally {
    forward.dispose();
    images.dispose();
    variables.dispose();
  }
}
