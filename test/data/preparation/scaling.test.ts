import { describe, expect, it } from 'vitest';

import type { LabelledImages } from '../../../src/core/images.js';
import type { scalingNames } from '../../../src/data/preparation/scaling.js';
import { pixelScaling, pixelStatistics } from '../../../src/data/preparation/scaling.js';

const images: LabelledImages = {
  count: 3,
  shape: { height: 1, width: 2, channels: 1 },
  pixels: Uint8Array.of(0, 255, 10, 20, 2, 4),
  labels: Uint8Array.of(0, 1, 2),
};

describe('pixelStatistics', () => {
  it('are those of the images that are asked for', () => {
    // By hand: 10, 20, 2, 4 have mean 9 and variance (1 + 121 + 49 + 25) / 4 = 49.
    expect(pixelStatistics(images, Int32Array.of(1, 2))).toEqual({ mean: 9, standardDeviation: 7 });
    // 0 and 255: mean 127.5, and each is 127.5 away.
    expect(pixelStatistics(images, Int32Array.of(0))).toEqual({ mean: 127.5, standardDeviation: 127.5 });
  });

  it('count an image as often as it is asked for', () => {
    // 10, 20, 10, 20, 2, 4: mean 11, squares 1 + 81 + 1 + 81 + 81 + 49 = 294, and 294 / 6 = 49.
    expect(pixelStatistics(images, Int32Array.of(1, 1, 2))).toEqual({ mean: 11, standardDeviation: 7 });
  });

  it('count every pixel of images whose size is no multiple of four', () => {
    // By hand: 1 to 7 twice have mean 4 and variance (9 + 4 + 1 + 0 + 1 + 4 + 9) / 7 = 4.
    const odd: LabelledImages = {
      count: 2,
      shape: { height: 1, width: 7, channels: 1 },
      pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1),
      labels: Uint8Array.of(0, 1),
    };
    expect(pixelStatistics(odd, Int32Array.of(0, 1))).toEqual({ mean: 4, standardDeviation: 2 });
  });
});

describe('pixelScaling', () => {
  const statistics = { mean: 50, standardDeviation: 20 };
  const apply = (name: (typeof scalingNames)[number], pixel: number): number => {
    const { scale, offset } = pixelScaling(name, () => statistics);
    return pixel * scale + offset;
  };

  it.each([
    ['zero-one', 0, 0],
    ['zero-one', 255, 1],
    ['zero-one', 51, 0.2],
    ['minus-one-one', 0, -1],
    ['minus-one-one', 255, 1],
    ['minus-one-one', 127.5, 0],
    ['standardize', 50, 0],
    ['standardize', 70, 1],
    ['standardize', 0, -2.5],
  ] as const)('%s makes %f to %f', (name, pixel, expected) => {
    expect(apply(name, pixel)).toBeCloseTo(expected, 12);
  });

  it('asks for statistics only where they matter', () => {
    const none = (): never => {
      throw new Error('not needed');
    };
    expect(() => pixelScaling('zero-one', none)).not.toThrow();
    expect(() => pixelScaling('minus-one-one', none)).not.toThrow();
    expect(() => pixelScaling('standardize', none)).toThrow();
  });

  it('stays finite for images without any spread', () => {
    const { scale, offset } = pixelScaling('standardize', () => ({ mean: 7, standardDeviation: 0 }));
    expect(7 * scale + offset).toBe(0);
  });
});
