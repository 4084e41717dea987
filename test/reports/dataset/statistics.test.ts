import { expect, it } from 'vitest';

import type { LabelledImages } from '../../../src/core/images.js';
import { sampleClasses } from '../../../src/reports/dataset/samples.js';
import { meanImages, splitStatistics } from '../../../src/reports/dataset/statistics.js';

const images: LabelledImages = {
  count: 4,
  shape: { height: 1, width: 2, channels: 1 },
  pixels: Uint8Array.of(0, 10, 20, 30, 255, 255, 1, 4),
  labels: Uint8Array.of(0, 0, 1, 0),
};

it('counts, mean, deviation and histogram of the chosen images alone', () => {
  const found = splitStatistics(images, Int32Array.of(0, 1, 3), 3);
  const values = [0, 10, 20, 30, 1, 4];
  const mean = values.reduce((sum, value) => sum + value) / 6;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 6;
  expect(found.images).toBe(3);
  expect(found.counts).toEqual([3, 0, 0]);
  expect(found.mean).toBeCloseTo(mean, 12);
  expect(found.standardDeviation).toBeCloseTo(Math.sqrt(variance), 12);
  expect(found.histogram.flatMap((times, value) => (times > 0 ? [value, times] : []))).toEqual(
    values.toSorted((a, b) => a - b).flatMap((value) => [value, 1]),
  );
  expect(found.classMeans).toEqual([mean, null, null]);
});

it('the mean image of a class is the mean of each pixel, rounded', () => {
  const [first, second, third] = meanImages(images, Int32Array.of(0, 1, 2, 3), 3);
  expect([...first!]).toEqual([7, 15]);
  expect([...second!]).toEqual([255, 255]);
  expect([...third!]).toEqual([0, 0]);
});

it('samples are of their class and of the split, and the same for the same seed', () => {
  const labels = Uint8Array.from({ length: 300 }, (_, index) => index % 3);
  const split = Int32Array.from({ length: 150 }, (_, index) => 2 * index);
  const drawn = sampleClasses(labels, split, 4, 10, 1);
  expect(drawn.map((group) => group.length)).toEqual([10, 10, 10, 0]);
  drawn.forEach((group, label) => {
    for (const index of group) {
      expect(labels[index]).toBe(label);
      expect(index % 2).toBe(0);
    }
    expect(new Set(group).size).toBe(group.length);
  });
  expect(sampleClasses(labels, split, 4, 10, 1)).toEqual(drawn);
  expect(sampleClasses(labels, split, 4, 10, 2)).not.toEqual(drawn);
});
