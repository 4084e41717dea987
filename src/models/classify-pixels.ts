import type { Checkpoint } from '../artifacts/checkpoint.js';
import { pixelsPerImage, type ImageShape, type LabelledImages } from '../core/images.js';
import { classifyImages, type ClassifyOptions } from './classify-images.js';

/** Wraps unlabelled images; their labels are placeholders. */
export function unlabelledImages(pixels: Uint8Array, shape: ImageShape): LabelledImages {
  const count = pixels.length / pixelsPerImage(shape);
  return { count, shape, pixels, labels: new Uint8Array(count) };
}

/**
 * Computes the logits of a checkpoint's model for images, row by row, on the started backend. Throws
 * CHECKPOINT_REFUSED, and the signal's reason when aborted.
 *
 * @param pixels from 0 to 255, image by image, in the model's input shape
 */
export async function classifyPixels(
  checkpoint: Checkpoint,
  pixels: Uint8Array,
  how: Pick<ClassifyOptions, 'signal' | 'mode' | 'testTimeAugmentation'>,
): Promise<Float32Array> {
  if (pixels.length === 0) return new Float32Array(0);
  return classifyImages(checkpoint, unlabelledImages(pixels, checkpoint.description.shape), how);
}
