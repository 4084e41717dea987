import { constantValue, pixelsPerImage, rowOf, type LabelledImages } from '../../../core/images.js';
import { defineCheck, splitsOf } from './check.js';

/** Empty images: all pixels alike, so that nothing can be seen. */
export const constantImagesCheck = defineCheck({
  name: 'constant-images',
  summary: 'images of one colour',
  source: 'by definition',
  modes: ['off', 'report', 'drop'],
  fallback: 'report',
  needsBackend: () => false,
  run(input) {
    const findings = splitsOf(input).flatMap(([split, images]) =>
      constantImages(images).map((index) => {
        const value = images.pixels[index * pixelsPerImage(images.shape)]!;
        return { split, index, reason: `every pixel is ${value}`, droppable: true };
      }),
    );
    return Promise.resolve(findings);
  },
});

/** The positions of images whose pixels are all alike. */
export function constantImages({ count, shape, pixels }: LabelledImages): number[] {
  const size = pixelsPerImage(shape);
  const found: number[] = [];
  for (let index = 0; index < count; index++) {
    const image = rowOf(pixels, index, size);
    if (constantValue(image) !== undefined) found.push(index);
  }
  return found;
}
