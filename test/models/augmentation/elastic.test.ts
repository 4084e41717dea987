import { scalar, tensor, tensor2d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { drawDisplacement } from '../../../src/models/augmentation/elastic.js';
import { resample } from '../../../src/models/augmentation/resample.js';
import { Random } from '../../../src/core/random.js';
import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';
import { valueAt } from './reference.js';

const SIDE = 28;
const shape = { height: SIDE, width: SIDE, channels: 1 };

/** Displacements of `count` images along x and y, image by image. */
function displacements(count: number, typical: number): { x: Float32Array; y: Float32Array } {
  return tidy(() => {
    const { x, y } = drawDisplacement(typical, count, shape, stepRandomness(1, scalar(3)));
    return { x: x.dataSync<'float32'>(), y: y.dataSync<'float32'>() };
  });
}

/** The correlation of values at pixels that lie so far apart along x. */
function correlation(values: Float32Array, distance: number): number {
  let products = 0;
  let squares = 0;
  for (let index = 0; index < values.length; index++) {
    if ((index % SIDE) + distance >= SIDE) continue;
    products += values[index]! * values[index + distance]!;
    squares += (values[index]! ** 2 + values[index + distance]! ** 2) / 2;
  }
  return products / squares;
}

describe('an elastic distortion', () => {
  beforeAll(() => startOnCpu('tensorflow'));

  it('has displacements of the size asked for, as large at the border as in the middle', () => {
    const { x, y } = displacements(2000, 1.5);
    for (const field of [x, y]) {
      const at = (pixel: number): number => {
        const values = Array.from({ length: 2000 }, (_, image) => field[image * SIDE * SIDE + pixel]!);
        return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
      };
      // Of 2,000 draws, a standard deviation is known to 1.6 %.
      for (const pixel of [0, 27, 400, 406, 783]) expect(Math.abs(at(pixel) / 1.5 - 1)).toBeLessThan(0.07);
    }
  });

  it('is as smooth as noise under a Gaussian of four pixels', () => {
    const { x } = displacements(500, 1);
    // Of white noise under a Gaussian, values at a distance d correlate by exp(−d² / 4σ²).
    for (const distance of [1, 2, 4, 8]) {
      expect(Math.abs(correlation(x, distance) - Math.exp(-(distance ** 2) / 64))).toBeLessThan(0.05);
    }
  });

  it('moves along x and y, and in every image, independently', () => {
    const { x, y } = displacements(500, 1);
    const product = (a: Float32Array, b: Float32Array): number =>
      a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0) / a.length;
    expect(Math.abs(product(x, y))).toBeLessThan(0.05);
    expect(Math.abs(product(x.subarray(SIDE * SIDE), x.subarray(0, -SIDE * SIDE)))).toBeLessThan(0.05);
  });

  it('draws each pixel from where its displacement points', () => {
    const random = new Random(2, 'pixels');
    const [width, height] = [6, 5];
    const values = Array.from({ length: 2 * width * height }, () => random.uniform());
    const moves = [0, 1].map(() => Array.from(values, () => 4 * random.uniform() - 2));
    const one = [[1], [1]];
    const none = [[0], [0]];
    const actual = tidy(() => {
      const map = {
        ...{ xx: tensor2d(one), xy: tensor2d(none), x0: tensor2d(none) },
        ...{ yx: tensor2d(none), yy: tensor2d(one), y0: tensor2d(none) },
      };
      const [x, y] = moves.map((move) => tensor(move, [2, width * height]));
      const images = tensor4d(values, [2, height, width, 1]);
      return resample(images, map, { x: x!, y: y! }, -0.5).dataSync();
    });
    const expected = values.map((_, index) => {
      const pixel = index % (width * height);
      const image = values.slice(index - pixel, index - pixel + width * height);
      const [x, y] = [(pixel % width) + moves[0]![index]!, Math.floor(pixel / width) + moves[1]![index]!];
      return valueAt({ width, height, values: image }, x, y, -0.5);
    });
    expectClose(actual, expected, 0, 1e-5);
  });
});
