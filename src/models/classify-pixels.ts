import type { Checkpoint } from '../artifacts/checkpoint.js';
import { pixelsPerImage, type ImageShape, type LabelledImages } from '../core/images.js';
import { classifyImages, type ClassifyOptions } from './classify-images.js';

/** Images of which nobody knows what they show; their labels say nothing. */
export function unlabelledImages(pixels: Uint8Array, shape: ImageShape): LabelledImages {
  const count = pixels.length / pixelsPerImage(shape);
  return { count, shape, pixels, labels: new Uint8Array(count) };
}

/**
 * The logits that a checkpoint's model gives some images, row by row, on the backend that was started. Throws
 * CHECKPOINT_REFUSED, and the signal's reason when aborted.
 *
 * @param pixels from 0 to 255, image by image, as many as the model's shape asks for
 */
export async function classifyPixels(
  checkpoint: Checkpoint,
  pixels: Uint8Array,
  how: Pick<ClassifyOptions, 'signal' | 'mode' | 'testTimeAugmentation'>,
): Promise<Float32Array> {
  if (pixels.length === 0) return new Float32Array(0);
  return classifyImages(checkpoint, unlabelledImages(pixels, checkpoint.description.shape), how);
}
