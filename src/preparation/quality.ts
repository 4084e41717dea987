import { createHash } from 'node:crypto';

import { pixelsPerImage, type LabelledImages } from '../engine/images.js';
import { pixelStatistics, type PixelStatistics } from './scaling.js';
import type { Split } from './split.js';

/** What was found in the images of a data set; `prepared/quality.json` holds it. */
export interface QualityReport {
  dataset: string;
  classNames: readonly string[];
  /** Images of each class, by class number. */
  counts: { training: number[]; validation: number[]; test: number[] };
  /** Of the training split, from 0 to 255. */
  pixels: PixelStatistics;
  /** Images whose pixels are all alike. */
  constantImages: { train: number[]; test: number[] };
  /** Groups of images that are equal pixel by pixel. */
  duplicates: { train: number[][]; test: number[][] };
  /** Test images that the training file holds too: whoever learns them by heart is judged too well. */
  leakedTestImages: number[];
}

/** Examines a data set; positions count from 0 in the file that an image comes from. */
export function examine(
  dataset: string,
  classNames: readonly string[],
  train: LabelledImages,
  test: LabelledImages,
  split: Split,
): QualityReport {
  const trainGroups = groupByContent(train);
  const testGroups = groupByContent(test);
  return {
    dataset,
    classNames,
    counts: {
      training: classCounts(train.labels, classNames.length, split.training),
      validation: classCounts(train.labels, classNames.length, split.validation),
      test: classCounts(test.labels, classNames.length),
    },
    pixels: pixelStatistics(train, split.training),
    constantImages: { train: constantImages(train), test: constantImages(test) },
    duplicates: { train: repeated(trainGroups), test: repeated(testGroups) },
    leakedTestImages: Array.from(testGroups)
      .filter(([content]) => trainGroups.has(content))
      .flatMap(([, indices]) => indices)
      .sort((a, b) => a - b),
  };
}

/** How many labels there are of each class, among all or among those at some indices. */
export function classCounts(labels: Uint8Array, classes: number, indices?: Int32Array): number[] {
  const counts = new Array<number>(classes).fill(0);
  const count = (label: number): void => {
    counts[label] = (counts[label] ?? 0) + 1;
  };
  if (indices)
    indices.forEach((index) => {
      count(labels[index]!);
    });
  else labels.forEach(count);
  return counts;
}

function groupByContent({ count, shape, pixels }: LabelledImages): Map<string, number[]> {
  const size = pixelsPerImage(shape);
  const groups = new Map<string, number[]>();
  for (let index = 0; index < count; index++) {
    const image = pixels.subarray(index * size, (index + 1) * size);
    const content = createHash('sha1').update(image).digest('base64');
    const group = groups.get(content);
    if (group) group.push(index);
    else groups.set(content, [index]);
  }
  return groups;
}

function repeated(groups: ReadonlyMap<string, number[]>): number[][] {
  return Array.from(groups.values()).filter((indices) => indices.length > 1);
}

function constantImages({ count, shape, pixels }: LabelledImages): number[] {
  const size = pixelsPerImage(shape);
  const found: number[] = [];
  for (let index = 0; index < count; index++) {
    const image = pixels.subarray(index * size, (index + 1) * size);
    if (image.every((pixel) => pixel === image[0])) found.push(index);
  }
  return found;
}
