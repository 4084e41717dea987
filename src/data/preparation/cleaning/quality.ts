import type { LabelledImages } from '../../../core/images.js';
import { constantImages } from '../checks/constant-images.js';
import { groupByContent, repeated } from '../checks/duplicates.js';
import { pixelStatistics, type PixelStatistics } from '../scaling.js';
import type { Split } from '../../../artifacts/prepared.js';

/** What is in the images of a data set as it was prepared. */
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

/** What is known of a set that does not fit into memory: its images were not compared with each other. */
export type CountedQuality = Pick<QualityReport, 'dataset' | 'classNames' | 'counts' | 'pixels'> &
  Partial<QualityReport>;

/** Examines a data set; positions count from 0 among its training images, and among its test images. */
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
