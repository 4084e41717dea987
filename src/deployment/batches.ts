import type { LabelledImages } from '../core/images.js';
import { concatenate } from '../core/numerics/concatenate.js';
import { imagesBetween } from './source.js';

/** Classifies images batch by batch, one batch after the other, and joins the results. */
export async function classifyInBatches(
  images: LabelledImages,
  size: number,
  classify: (batch: LabelledImages) => Promise<Float32Array>,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let start = 0; start < images.count; start += size) {
    parts.push(await classify(imagesBetween(images, start, Math.min(start + size, images.count))));
  }
  return concatenate(parts, Float32Array);
}
