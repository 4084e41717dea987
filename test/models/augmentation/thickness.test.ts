import { scalar, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { changeThickness } from '../../../src/models/augmentation/thickness.js';
import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import { startOnCpu } from '../../support/backends.js';

const COUNT = 400;
const [WIDTH, HEIGHT] = [7, 6];
const LIMIT = 0.8;

/** An image of several greys, with a bright dot, and with ink at its edges. */
const image = Float32Array.from({ length: WIDTH * HEIGHT }, (_, pixel) => ((pixel * 29) % 11) / 5 - 1);
image[2 * WIDTH + 3] = 1;

/** What is brightest (or darkest) in the square of 3 × 3 about each pixel, as far as it lies in the image. */
function extreme(choose: (...values: number[]) => number): number[] {
  return Array.from(image, (_, pixel) => {
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)];
    const near = [...image].filter(
      (__, other) => Math.abs((other % WIDTH) - x) <= 1 && Math.abs(Math.floor(other / WIDTH) - y) <= 1,
    );
    return choose(...near);
  });
}

function changed(limit: number): Float32Array[] {
  const values = tidy(() => {
    const images = tensor4d(
      Float32Array.from({ length: COUNT * image.length }, (_, index) => image[index % image.length]!),
      [COUNT, HEIGHT, WIDTH, 1],
    );
    return changeThickness(images, limit, stepRandomness(4, scalar(9))).dataSync<'float32'>();
  });
  return Array.from({ length: COUNT }, (_, at) =>
    values.subarray(at * image.length, (at + 1) * image.length),
  );
}

for (const backend of ['tensorflow', 'cpu']) {
  describe(`thickness, on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it('each pixel goes the same share of the way to the brightest or darkest of its neighbours', () => {
      const [brightest, darkest] = [extreme(Math.max), extreme(Math.min)];
      const shares = changed(LIMIT).map((pixels) => {
        // A pixel that has both brighter and darker neighbours tells which way it went, and how far.
        const told = image.findIndex(
          (value, pixel) => brightest[pixel]! - value > 0.3 && value - darkest[pixel]! > 0.3,
        );
        const difference = pixels[told]! - image[told]!;
        const isThicker = difference > 0;
        const towards = isThicker ? brightest : darkest;
        const share = difference / (towards[told]! - image[told]!);
        pixels.forEach((value, pixel) => {
          expect(value).toBeCloseTo(image[pixel]! + share * (towards[pixel]! - image[pixel]!), 5);
        });
        return isThicker ? share : -share;
      });
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(-LIMIT - 1e-5);
      expect(Math.max(...shares)).toBeLessThanOrEqual(LIMIT + 1e-5);
      // Uniform: a quarter in each quarter of the range, 100 ± 8.7.
      for (const quarter of [0, 1, 2, 3]) {
        const from = -LIMIT + (quarter * LIMIT) / 2;
        const within = shares.filter((share) => share >= from && share < from + LIMIT / 2);
        expect(Math.abs(within.length - COUNT / 4)).toBeLessThan(45);
      }
    });

    it('a limit of zero changes nothing', () => {
      for (const pixels of changed(0)) expect(pixels).toEqual(image);
    });
  });
}
