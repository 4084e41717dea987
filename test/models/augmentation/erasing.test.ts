import { scalar, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { eraseRectangles } from '../../../src/models/augmentation/erasing.js';
import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import { startOnCpu } from '../../support/backends.js';

const COUNT = 1000;
const [WIDTH, HEIGHT] = [20, 16];
/** No pixel that is scaled has this value. */
const UNTOUCHED = -7;

/** What has been erased of an image: its extent, and the values put there. */
interface Erased {
  width: number;
  height: number;
  values: number[];
}

function erased(probability: number): (Erased | undefined)[] {
  const values = tidy(() => {
    const images = tensor4d(new Float32Array(COUNT * WIDTH * HEIGHT).fill(UNTOUCHED), [
      COUNT,
      HEIGHT,
      WIDTH,
      1,
    ]);
    const scaling = { scale: 2 / 255, offset: -1 };
    return eraseRectangles(images, probability, scaling, stepRandomness(4, scalar(9))).dataSync<'float32'>();
  });
  return Array.from({ length: COUNT }, (_, image) => {
    const pixels = values.subarray(image * WIDTH * HEIGHT, (image + 1) * WIDTH * HEIGHT);
    const changed = [...pixels.keys()].filter((pixel) => pixels[pixel] !== UNTOUCHED);
    if (changed.length === 0) return undefined;
    const columns = new Set(changed.map((pixel) => pixel % WIDTH));
    const rows = new Set(changed.map((pixel) => Math.floor(pixel / WIDTH)));
    return { width: columns.size, height: rows.size, values: changed.map((pixel) => pixels[pixel]!) };
  });
}

for (const backend of ['tensorflow', 'cpu']) {
  describe(`random erasing, on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it('fills one rectangle of as many images as it is asked to', () => {
      const found = erased(0.3).filter((image) => image !== undefined);
      // Binomial: 300 ± 14.5.
      expect(Math.abs(found.length - 300)).toBeLessThan(60);
      for (const { width, height, values } of found) expect(values).toHaveLength(width * height);
      expect(erased(0).every((image) => image === undefined)).toBe(true);
    });

    it('takes from 2 to 40 % of the area, in all shapes that the paper allows, and fills it with all pixel values', () => {
      const found = erased(1).filter((image) => image !== undefined);
      expect(found).toHaveLength(COUNT);
      const areas = found.map(({ width, height }) => (width * height) / (WIDTH * HEIGHT));
      // Sides are rounded to whole pixels.
      expect(Math.min(...areas)).toBeGreaterThan(0.01);
      expect(Math.max(...areas)).toBeLessThan(0.45);
      expect(Math.max(...areas)).toBeGreaterThan(0.35);
      const lying = found.filter(({ width, height }) => width > height).length;
      const upright = found.filter(({ width, height }) => width < height).length;
      expect(Math.abs(lying - upright)).toBeLessThan(120);
      const values = found.flatMap((image) => image.values);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs(mean)).toBeLessThan(0.02);
      expect(values.every((value) => value >= -1 && value < 1)).toBe(true);
    });
  });
}
