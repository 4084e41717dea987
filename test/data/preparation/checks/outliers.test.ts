import { beforeAll, expect, inject, it } from 'vitest';

import { findPrepared } from '../../../../src/artifacts/prepared.js';
import { silentContext } from '../../../../src/core/events.js';
import { Random } from '../../../../src/core/random.js';
import type { LabelledImages } from '../../../../src/core/images.js';
import {
  outliersCheck,
  outlierScores,
  withoutItself,
} from '../../../../src/data/preparation/checks/outliers.js';
import { distances, fitDistribution } from '../../../../src/data/preparation/cleaning/mahalanobis.js';
import { startOnCpu } from '../../../support/backends.js';
import { chosenImages, greyImages } from '../../../support/images.js';

let mnist: { train: LabelledImages; test: LabelledImages };

beforeAll(async () => {
  await startOnCpu('tensorflow');
  mnist = (await findPrepared(inject('dataDir'), 'mnist'))!;
});

const { signal } = silentContext();

it('the distance is Mahalanobis’s, of square roots and with a ridge', async () => {
  // Two pixels whose roots are uncorrelated: variances 4/3 and 16/3 around 3 and 5; the ridge is 0.03 of the mean variance.
  const images = greyImages(2, [
    [4, 9],
    [4, 49],
    [16, 9],
    [16, 49],
    [81, 25],
  ]);
  const grey = { count: 5, height: 1, width: 2, pixels: images.pixels };
  const distribution = await fitDistribution(grey, Int32Array.of(0, 1, 2, 3), signal);
  expect([...distribution.mean]).toEqual([3, 5]);
  const found = await distances(grey, distribution, signal);
  expect(found[0]).toBeCloseTo(1 / (4 / 3 + 0.1) + 4 / (16 / 3 + 0.1), 4);
  // The root of 81 is 9, 6 away; the second pixel is in the middle.
  expect(found[4]).toBeCloseTo(36 / (4 / 3 + 0.1), 3);
});

it('the distance without itself is that from a distribution fitted to the others', async () => {
  const random = new Random(3, 'outliers');
  const rows = Array.from({ length: 40 }, () => Array.from({ length: 4 }, () => 1 + random.integer(250)));
  const grey = { count: 40, height: 2, width: 2, pixels: greyImages(4, rows).pixels };
  const all = Int32Array.from(rows.keys());
  const within = await distances(grey, await fitDistribution(grey, all, signal), signal);
  for (const index of [0, 17, 39]) {
    const others = await fitDistribution(
      grey,
      all.filter((other) => other !== index),
      signal,
    );
    const expected = (await distances(grey, others, signal))[index]!;
    // What the ridge, a share of the variance, changes with one image fewer is left out.
    expect(Math.abs(withoutItself(within[index]!, 40) / expected - 1)).toBeLessThan(0.02);
    expect(within[index]! / expected).toBeLessThan(0.98);
  }
});

it('of few images, those of the test seem no further than those of the training', async () => {
  const indices = Array.from({ length: 400 }, (_, index) => index);
  const train = chosenImages(mnist.train, indices);
  const { train: scores, test: tested } = await outlierScores(
    { train, test: chosenImages(mnist.test, indices), isDropped: () => false },
    signal,
  );
  const median = (values: Float32Array): number => values.toSorted()[200]!;
  expect(median(tested) / median(scores)).toBeGreaterThan(0.9);
  expect(median(tested) / median(scores)).toBeLessThan(1.1);
});

it('pictures of other things than digits are among the furthest', async () => {
  const train = chosenImages(
    mnist.train,
    Array.from({ length: 3000 }, (_, index) => index),
  );
  const random = new Random(1, 'outliers');
  // Filled rectangles with grey shades, at places where digits are.
  for (let index = 0; index < 20; index++) {
    const [width, height] = [8 + random.integer(14), 8 + random.integer(14)];
    const [left, top] = [random.integer(28 - width), random.integer(28 - height)];
    for (let place = 0; place < 784; place++) {
      const [x, y] = [(place % 28) - left, Math.floor(place / 28) - top];
      const isInside = x >= 0 && y >= 0 && x < width && y < height;
      train.pixels[index * 100 * 784 + place] = isInside ? 100 + random.integer(100) : 0;
    }
  }
  const input = { train, test: chosenImages(mnist.test, [0, 1, 2]), isDropped: () => false };
  const { train: scores } = await outlierScores(input, signal);
  const ranked = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
  const found = ranked.slice(0, 25).filter((index) => index % 100 === 0 && index < 2000);
  // With 3,000 images for 784 dimensions the fit is coarse; chance would put none of the 20 there.
  expect(found.length).toBeGreaterThanOrEqual(12);
});

it('reports the far ones, the furthest first, and drops training images alone', async () => {
  const train = chosenImages(
    mnist.train,
    Array.from({ length: 500 }, (_, index) => index),
  );
  const tested = chosenImages(mnist.test, [0, 1]);
  // All white, and half of it white.
  train.pixels.fill(255, 7 * 784, 8 * 784);
  tested.pixels.fill(255, 784, 784 + 392);
  const none = (): never => {
    throw new Error('not asked for');
  };
  const input = { train, test: tested, classNames: [], isDropped: () => false, predictions: none };
  const findings = await outliersCheck.run(input, 'report', silentContext());
  const scores = findings.map(({ score }) => score!);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  expect(findings).toContainEqual(expect.objectContaining({ split: 'train', index: 7, droppable: true }));
  expect(findings).toContainEqual(expect.objectContaining({ split: 'test', index: 1, droppable: false }));
  expect(findings.length).toBeLessThan(50);
});
