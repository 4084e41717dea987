import { readFile } from 'node:fs/promises';

import {
  mul,
  scalar,
  slice,
  tensor2d,
  tensor4d,
  tidy,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import { blur, blurImages } from '../../../src/models/augmentation/blur.js';
import { cropAt, cropImages } from '../../../src/models/augmentation/crop.js';
import type { EdgeName } from '../../../src/models/augmentation/edge-names.js';
import { changeHue, turnHue } from '../../../src/models/augmentation/hue.js';
import { adjust, type Lighting } from '../../../src/models/augmentation/lighting.js';
import {
  applyOperations,
  operationNames,
  randAugment,
} from '../../../src/models/augmentation/rand-augment/rand-augment.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';

/* What torchvision makes of the same images: bench/fixtures/make_augmentation_fixture.py. */

interface Shown {
  image: number[];
}

interface Operations {
  magnitude: number;
  cases: (Shown & { operation: number; name: string; direction: number })[];
}

interface Fixture extends Shown {
  height: number;
  width: number;
  light: (Shown & { change: Lighting | 'hue'; amount: number })[];
  crop: { padding: number; cases: (Shown & { edge: EdgeName; x: number; y: number })[] };
  blur: (Shown & { radius: number; deviation: number })[];
  randAugment: Operations[];
  large: Shown & Operations & { height: number; width: number };
}

const fixture = JSON.parse(
  await readFile(new URL('../../fixtures/augmentation.json', import.meta.url), 'utf8'),
) as Fixture;

const UNIT = { scale: 1 / 255, offset: 0 };
const SIGNED = { scale: 2 / 255, offset: -1 };

/** An image several times, scaled. */
function batchOf(
  { image, height, width }: Shown & { height: number; width: number },
  count: number,
  { scale, offset } = UNIT,
): Tensor4D {
  const one = image.map((pixel) => pixel * scale + offset);
  return tensor4d(Array<number[]>(count).fill(one).flat(), [count, height, width, 3]);
}

const column = (values: readonly number[]): Tensor => tensor2d(values.map((value) => [value]));

for (const backend of ['tensorflow', 'cpu']) {
  describe(`as torchvision, on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it.each([...new Set(fixture.light.map(({ change }) => change))])('%s, in any scaling', (change) => {
      const cases = fixture.light.filter((one) => one.change === change);
      const amounts = cases.map(({ amount }) => amount);
      for (const scaling of [UNIT, SIGNED]) {
        const changed = tidy(() => {
          const images = batchOf(fixture, cases.length, scaling);
          return change === 'hue'
            ? turnHue(images, column(amounts), scaling).dataSync<'float32'>()
            : adjust(images, change, column(amounts), scaling).dataSync<'float32'>();
        });
        const unscaled = changed.map((value) => (value - scaling.offset) / (255 * scaling.scale));
        expectClose(
          unscaled,
          cases.flatMap(({ image }) => image),
          0,
          2e-5,
        );
      }
    });

    it.each(fixture.crop.cases)('a crop with padding $edge', ({ edge, x, y, image }) => {
      const cropped = tidy(() => {
        const place = { x: column([x, 3]), y: column([y, 3]) };
        const images = batchOf(fixture, 2, { scale: 1, offset: 0 });
        return [...cropAt(images, place, fixture.crop.padding, { edge, outside: 0 }).dataSync()];
      });
      // The second crop is where the image lies.
      expect(cropped).toEqual([...image, ...fixture.image]);
    });

    it.each(fixture.blur)(
      'a blur of $deviation pixels, by a kernel of radius $radius',
      ({ radius, deviation, image }) => {
        const blurred = tidy(() =>
          blur(batchOf(fixture, 2), column([deviation, 1]), radius).dataSync<'float32'>(),
        );
        expectClose(blurred.subarray(0, image.length), image, 0, 2e-6);
      },
    );

    it.each(fixture.randAugment)('RandAugment of magnitude $magnitude', ({ magnitude, cases }) => {
      const changed = tidy(() => {
        const drawn = {
          operation: column(cases.map(({ operation }) => operation)),
          direction: column(cases.map(({ direction }) => direction)),
        };
        const pixels = batchOf(fixture, cases.length, { scale: 1, offset: 0 });
        return applyOperations(pixels, drawn, magnitude).dataSync<'float32'>();
      });
      const size = fixture.image.length;
      expect(new Set(cases.map(({ operation }) => operation)).size).toBe(operationNames.length);
      cases.forEach(({ image }, at) => {
        expectClose(changed.subarray(at * size, (at + 1) * size), image, 0, 0.02);
      });
    });

    it('RandAugment stretches and equalizes the values of larger images', () => {
      const { large } = fixture;
      const changed = tidy(() => {
        const operation = column(large.cases.map((one) => one.operation));
        const pixels = batchOf(large, large.cases.length, { scale: 1, offset: 0 });
        return applyOperations(
          pixels,
          { operation, direction: mul(operation, 0) },
          large.magnitude,
        ).dataSync();
      });
      expectClose(
        changed,
        large.cases.flatMap(({ image }) => image),
        0,
        1e-3,
      );
    });
  });
}

describe('what is drawn', () => {
  beforeAll(() => startOnCpu('tensorflow'));

  const randomness = (): ReturnType<typeof stepRandomness> => stepRandomness(2, scalar(3));

  it('is every place of a crop, alike', () => {
    const found = tidy(() => {
      const images = tensor4d(
        Array.from({ length: 3000 }, () => [0, 0, 0, 0, 1, 0, 0, 0, 0]).flat(),
        [3000, 3, 3, 1],
      );
      return [...cropImages(images, 1, { edge: 'constant', outside: 0 }, randomness()).dataSync()];
    });
    const times = Array.from({ length: 9 }, (_, pixel) =>
      found.reduce((sum, value, at) => sum + (at % 9 === pixel ? value : 0), 0),
    );
    // Binomial: 333 ± 17.
    for (const time of times) expect(Math.abs(time - 333)).toBeLessThan(75);
  });

  it('is every turn of the hue up to the limit, in both directions', () => {
    const turned = tidy(() => {
      // Pure red, whose green or blue channel says how far its hue has turned.
      const red = tensor4d(Array.from({ length: 1000 }, () => [1, 0, 0]).flat(), [1000, 1, 1, 3]);
      const changed = changeHue(red, 0.1, UNIT, randomness());
      const [green, blue] = [1, 2].map((channel) =>
        slice(changed, [0, 0, 0, channel], [1000, 1, 1, 1]).dataSync(),
      );
      return Array.from(green!, (value, at) => (value - blue![at]!) / 6);
    });
    expect(Math.min(...turned)).toBeGreaterThan(-0.1001);
    expect(Math.min(...turned)).toBeLessThan(-0.097);
    expect(Math.max(...turned)).toBeLessThan(0.1001);
    expect(Math.max(...turned)).toBeGreaterThan(0.097);
  });

  it('is a blur of every strength up to the limit, which keeps the mean', () => {
    const sums = tidy(() => {
      const one = [...Array<number>(12).fill(0), 1, ...Array<number>(12).fill(0)];
      const points = tensor4d(Array.from({ length: 500 }, () => one).flat(), [500, 5, 5, 1]);
      return blurImages(points, 0.8, randomness()).dataSync<'float32'>();
    });
    const middles = Array.from({ length: 500 }, (_, image) => sums[image * 25 + 12]!);
    expect(Math.max(...middles)).toBeGreaterThan(0.99);
    // 0.45 of one dimension, squared: a Gaussian of 0.8 pixels.
    expect(Math.min(...middles)).toBeGreaterThan(0.22);
    expect(Math.min(...middles)).toBeLessThan(0.28);
    expect(sums.subarray(0, 25).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
  });

  it('a blur of images that are smaller than its kernel goes as far as their mirror images do', () => {
    const blurred = tidy(() => [
      ...blurImages(tensor4d([1, 0, 1, 0], [1, 2, 2, 1]), 20, randomness()).dataSync(),
    ]);
    expect(blurred.every((value) => Number.isFinite(value) && value >= 0 && value <= 1)).toBe(true);
  });

  it('is every operation of RandAugment, and both directions', () => {
    const count = 600;
    const images = new Set<string>();
    tidy(() => {
      const batch = batchOf(fixture, count, SIGNED);
      const changed = randAugment(batch, { operations: 1, magnitude: 30 }, SIGNED, randomness()).dataSync();
      const size = fixture.image.length;
      for (let at = 0; at < count; at++)
        images.add(
          changed
            .slice(at * size, (at + 1) * size)
            .map((value) => Math.round(value * 1000))
            .join(),
        );
    });
    // Nine operations have two directions; equalizing changes nothing of images this small, and a stretch nothing of full ranges.
    expect(images.size).toBe(2 * 9 + 3);
  });
});
