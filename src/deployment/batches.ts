import type { LabelledImages } from '../core/images.js';
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
  return concatenate(parts);
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
