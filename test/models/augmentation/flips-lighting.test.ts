import { scalar, tensor2d, tensor4d, tidy, type Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import { flipImages } from '../../../src/models/augmentation/flips.js';
import { adjust, changeLighting } from '../../../src/models/augmentation/lighting.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';

const UNIT = { scale: 1 / 255, offset: 0 };
/** Two images of one row, in colour. */
const PIXELS = [0.1, 0.2, 0.3, 0.9, 0.5, 0.7, 0.4, 0.4, 0.4, 1, 0, 0];

function images(values: readonly number[] = PIXELS): Tensor4D {
  return tensor4d([...values], [2, 1, 2, 3]);
}

for (const backend of ['tensorflow', 'cpu']) {
  describe(`on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it('a flip mirrors whole pixels, along one axis', () => {
      const values = Array.from({ length: 12 }, (_, index) => index);
      const flipped = (way: 'horizontal' | 'vertical', probability: number): number[] =>
        tidy(() => [
          ...flipImages(
            tensor4d(values, [1, 2, 2, 3]),
            way,
            probability,
            stepRandomness(1, scalar(1)),
          ).dataSync(),
        ]);
      expect(flipped('horizontal', 1)).toEqual([3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]);
      expect(flipped('vertical', 1)).toEqual([6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]);
      expect(flipped('vertical', 0)).toEqual(values);
    });

    it('as many images are mirrored as the probability says', () => {
      const mirrored = tidy(() => {
        const many = tensor4d(
          Array.from({ length: 2000 }, (_, at) => at % 2),
          [1000, 1, 2, 1],
        );
        const values = flipImages(many, 'horizontal', 0.3, stepRandomness(4, scalar(9))).dataSync();
        return values.filter((value, at) => at % 2 === 0 && value === 1).length;
      });
      // Binomial: 300 ± 14.5.
      expect(Math.abs(mirrored - 300)).toBeLessThan(60);
    });

    // torchvision/transforms/_functional_tensor.py: _blend(img, zeros, factor) and _blend(img, mean(rgb_to_grayscale(img)), factor),
    // computed by hand; its grey weights are 0.2989, 0.587 and 0.114.
    it.each([
      ['brightness', 0.5, [0.05, 0.1, 0.15, 0.45, 0.25, 0.35, 0.2, 0.2, 0.2, 0.5, 0, 0]],
      ['brightness', 1.5, [0.15, 0.3, 0.45, 1, 0.75, 1, 0.6, 0.6, 0.6, 1, 0, 0]],
      // Grey means: (0.18149 + 0.64231) / 2 = 0.4119, and (0.39996 + 0.2989) / 2 = 0.34943.
      [
        'contrast',
        0.5,
        [
          0.25595, 0.30595, 0.35595, 0.65595, 0.45595, 0.55595, 0.374715, 0.374715, 0.374715, 0.674715,
          0.174715, 0.174715,
        ],
      ],
      ['contrast', 0, [...Array<number>(6).fill(0.4119), ...Array<number>(6).fill(0.34943)]],
    ] as const)('%s by %f is torchvision’s, in any scaling', (lighting, factor, expected) => {
      for (const { scale, offset } of [UNIT, { scale: 2 / 255, offset: -1 }]) {
        const found = tidy(() => {
          const scaled = images(PIXELS.map((value) => value * 255 * scale + offset));
          return adjust(scaled, lighting, tensor2d([factor, factor], [2, 1]), {
            scale,
            offset,
          }).dataSync<'float32'>();
        });
        const unscaled = found.map((value) => (value - offset) / (255 * scale));
        expectClose(unscaled, Float32Array.from(expected), 0, 1e-5);
      }
    });

    it('factors are drawn for each image, from the whole range', () => {
      const factors = tidy(() => {
        const many = tensor4d(new Float32Array(1000).fill(0.5), [1000, 1, 1, 1]);
        return changeLighting(many, 'brightness', 0.4, UNIT, stepRandomness(2, scalar(3)))
          .dataSync<'float32'>()
          .map((value) => value / 0.5);
      });
      expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.6 - 1e-6);
      expect(Math.min(...factors)).toBeLessThan(0.62);
      expect(Math.max(...factors)).toBeLessThanOrEqual(1.4 + 1e-6);
      expect(Math.max(...factors)).toBeGreaterThan(1.38);
    });
  });
}
