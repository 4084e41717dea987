import { setImmediate as nextTurn } from 'node:timers/promises';

import type { StageContext } from '../../core/events.js';
import { allIndices, pixelsPerImage, rowOf } from '../../core/images.js';
import { accuracyOf, labelsAt } from '../../evaluation/classify.js';
import { corrupt, corruptions } from '../../evaluation/corruptions.js';
import { predictionsOf } from '../../evaluation/probabilities.js';
import type { EvaluateOptions } from './evaluate-options.js';
import { scoreImages, type EvaluationSubject, type ScoreOptions } from './evaluation-subject.js';
import type { CorruptedAccuracy } from '../../evaluation/evaluation.js';

/** The accuracy on the images of a split under several corruptions. Throws the signal's reason when aborted. */
export async function measureRobustness(
  subject: EvaluationSubject,
  options: ScoreOptions & Pick<EvaluateOptions, 'seed'>,
  context: StageContext,
): Promise<CorruptedAccuracy[]> {
  const { images, indices } = subject;
  const { shape } = images;
  const labels = labelsAt(images.labels, indices);
  const pixels = pixelsAt(subject);
  const levels = corruptions.flatMap((corruption) =>
    corruption.strengths.map((strength) => ({ corruption, strength })),
  );
  const measured: CorruptedAccuracy[] = [];
  for (const [done, { corruption, strength }] of levels.entries()) {
    const total = levels.length * labels.length;
    context.emit({
      event: 'progress',
      task: `robustness to ${corruption.name}`,
      done: done * labels.length,
      total,
      unit: 'images',
    });
    await nextTurn();
    context.signal.throwIfAborted();
    const worse = corrupt(pixels, shape, corruption, strength, options.seed);
    const made = { count: labels.length, shape, pixels: worse, labels };
    const split = { images: made, indices: allIndices(made.count) };
    const predicted = predictionsOf(await scoreImages(subject, split, options, context));
    const { name, unit } = corruption;
    measured.push({ corruption: name, strength, unit, accuracy: accuracyOf(predicted, labels) });
  }
  return measured;
}

function pixelsAt({ images, indices }: EvaluationSubject): Uint8Array {
  const size = pixelsPerImage(images.shape);
  const pixels = new Uint8Array(indices.length * size);
  indices.forEach((index, row) => {
    pixels.set(rowOf(images.pixels, index, size), row * size);
  });
  return pixels;
}
