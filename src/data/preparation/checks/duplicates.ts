import { createHash } from 'node:crypto';

import { pixelsPerImage, rowOf, type LabelledImages } from '../../../core/images.js';
import { defineCheck, splitsOf, type CheckInput, type Finding } from './check.js';

/**
 * Images that are equal pixel by pixel. Dropped is the training image that the test file holds too, so that a published test
 * stays as it is, and else every copy but the first.
 */
export const duplicatesCheck = defineCheck({
  name: 'duplicates',
  summary: 'exact duplicates',
  source: 'SHA-1 of the pixels',
  modes: ['off', 'report', 'drop'],
  fallback: 'report',
  needsBackend: () => false,
  run: (input) => Promise.resolve([...leaks(input), ...copies(input)]),
});

function leaks({ train, test }: CheckInput): Finding[] {
  const tested = groupByContent(test);
  return Array.from(groupByContent(train)).flatMap(([content, indices]) => {
    const [same] = tested.get(content) ?? [];
    if (same === undefined) return [];
    return indices.map((index): Finding => {
      const other = { split: 'test', index: same } as const;
      return { split: 'train', index, reason: `test image ${same} again`, other, droppable: true };
    });
  });
}

function copies(input: CheckInput): Finding[] {
  return splitsOf(input).flatMap(([split, images]) =>
    repeated(groupByContent(images)).flatMap(([first = 0, ...later]) =>
      later.map((index): Finding => {
        const differs = images.labels[index] === images.labels[first] ? '' : ', with another label';
        const reason = `${split} image ${first} again${differs}`;
        return { split, index, reason, other: { split, index: first }, droppable: true };
      }),
    ),
  );
}

/** The positions of images by a hash of their pixels. */
export function groupByContent({ count, shape, pixels }: LabelledImages): Map<string, number[]> {
  const size = pixelsPerImage(shape);
  const groups = new Map<string, number[]>();
  for (let index = 0; index < count; index++) {
    const image = rowOf(pixels, index, size);
    const content = createHash('sha1').update(image).digest('base64');
    const group = groups.get(content);
    if (group) group.push(index);
    else groups.set(content, [index]);
  }
  return groups;
}

/** The groups of more than one image. */
export function repeated(groups: ReadonlyMap<string, number[]>): number[][] {
  return Array.from(groups.values()).filter((indices) => indices.length > 1);
}
