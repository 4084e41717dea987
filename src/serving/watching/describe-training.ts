import { Random } from '../../core/random.js';
import { pixelsPerImage, rowOf, type LabelledImages } from '../../core/images.js';
import { confidenceOf } from './monitor.js';
import { describeReference, type Reference } from './reference.js';
import { classesOf } from '../../evaluation/probabilities.js';

/** Images of the training data that stand for all of them. */
const SAMPLE = 2000;

/** The logits of some images, row by row. */
type Classify = (pixels: Uint8Array, count: number) => Promise<Float32Array>;

/** Describes training data, and what a model makes of them, by a seeded sample. */
export async function describeTraining(
  train: LabelledImages,
  classes: number,
  classify: Classify,
): Promise<Reference> {
  const size = pixelsPerImage(train.shape);
  const count = Math.min(SAMPLE, train.count);
  const random = new Random(1, 'drift-reference');
  const pixels = new Uint8Array(count * size);
  for (let row = 0; row < count; row++) {
    const index = random.integer(train.count);
    pixels.set(rowOf(train.pixels, index, size), row * size);
  }
  const logits = await classify(pixels, count);
  const confidences = Float32Array.from({ length: count }, (_, row) =>
    confidenceOf(rowOf(logits, row, classes)),
  );
  return describeReference(pixels, train.shape, classesOf(logits, classes), confidences, classes);
}
