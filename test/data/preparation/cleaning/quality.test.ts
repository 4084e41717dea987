import { describe, expect, inject, it } from 'vitest';

import { findPrepared } from '../../../../src/artifacts/prepared.js';
import type { LabelledImages } from '../../../../src/core/images.js';
import { classCounts, examine } from '../../../../src/data/preparation/cleaning/quality.js';
import { stratifiedSplit } from '../../../../src/data/preparation/split.js';

const shape = { height: 1, width: 3, channels: 1 };
const imagesOf = (labels: number[], ...pixels: number[][]): LabelledImages => ({
  count: pixels.length,
  shape,
  pixels: Uint8Array.from(pixels.flat()),
  labels: Uint8Array.from(labels),
});

describe('examine', () => {
  // Planted: 0 = 3 = 5, 1 = 4; 2 and 6 are constant, and differ.
  const train = imagesOf(
    [0, 1, 0, 0, 1, 1, 1],
    [1, 2, 3],
    [4, 5, 6],
    [7, 7, 7],
    [1, 2, 3],
    [4, 5, 6],
    [1, 2, 3],
    [0, 0, 0],
  );
  // Planted: 1 and 3 are in the training too, as 0 is, out of order; 2 has the same pixels in another order.
  const tested = imagesOf([1, 0, 1, 1, 0], [4, 5, 6], [1, 2, 3], [3, 2, 1], [4, 5, 6], [9, 9, 9]);
  const split = { training: Int32Array.of(0, 1, 2), validation: Int32Array.of(3, 4, 5, 6) };
  const report = examine('mine', ['no', 'yes'], train, tested, split);

  it('finds images that are equal', () => {
    expect(report.duplicates).toEqual({
      train: [
        [0, 3, 5],
        [1, 4],
      ],
      test: [[0, 3]],
    });
  });

  it('finds test images that the training has, in order', () => {
    expect(report.leakedTestImages).toEqual([0, 1, 3]);
  });

  it('finds images that are all of one value', () => {
    expect(report.constantImages).toEqual({ train: [2, 6], test: [4] });
  });

  it('counts the classes of each split', () => {
    expect(report.counts).toEqual({ training: [2, 1], validation: [1, 3], test: [2, 3] });
  });

  it('describes the pixels of the training split alone', () => {
    // 1 2 3 4 5 6 7 7 7: mean 42 / 9; the sum of squares is 1+4+9+16+25+36+3·49 = 238.
    expect(report.pixels.mean).toBeCloseTo(42 / 9, 12);
    expect(report.pixels.standardDeviation).toBeCloseTo(Math.sqrt(238 / 9 - (42 / 9) ** 2), 12);
  });

  it('names the data set and its classes', () => {
    expect(report).toMatchObject({ dataset: 'mine', classNames: ['no', 'yes'] });
  });
});

it('classCounts has a place for each class, also for those without images', () => {
  expect(classCounts(Uint8Array.of(2, 2, 0), 4)).toEqual([1, 0, 2, 0]);
  expect(classCounts(Uint8Array.of(2, 2, 0), 4, Int32Array.of(0))).toEqual([0, 0, 1, 0]);
});

it('MNIST has the published numbers of images of each digit, and no image twice', async () => {
  const { train, test: tested, classNames } = (await findPrepared(inject('dataDir'), 'mnist'))!;
  const report = examine('mnist', classNames, train, tested, stratifiedSplit(train.labels, 0, 1));
  expect(report.counts.training).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  expect(report.counts.test).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  // The mean and the deviation that MNIST programs everywhere normalise with: 0.1307 and 0.3081.
  expect(report.pixels.mean / 255).toBeCloseTo(0.1307, 4);
  expect(report.pixels.standardDeviation / 255).toBeCloseTo(0.3081, 4);
  expect(report.duplicates).toEqual({ train: [], test: [] });
  expect(report.leakedTestImages).toEqual([]);
  expect(report.constantImages).toEqual({ train: [], test: [] });
});
