import { tensor4d, tensor2d, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';

import { affineMap } from '../../../src/models/augmentation/affine.js';
import { resample } from '../../../src/models/augmentation/resample.js';
import { Random } from '../../../src/core/random.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';
import { changed, type PlainChange, type PlainImage } from './reference.js';

/** Images after a change each, drawn by the code under test. */
function drawn(images: readonly PlainImage[], changes: readonly PlainChange[], outside: number): number[][] {
  const { width, height } = images[0]!;
  const column = (valueOf: (change: PlainChange) => number): Tensor =>
    tensor2d(changes.map((change) => [valueOf(change)]));
  const degrees = (value = 0): number => (value * Math.PI) / 180;
  const values = tidy(() => {
    const map = affineMap(
      {
        rotation: column(({ rotation }) => degrees(rotation)),
        scale: column(({ scale = 1 }) => scale),
        shear: column(({ shear }) => degrees(shear)),
        shiftX: column(({ shiftX = 0 }) => shiftX),
        shiftY: column(({ shiftY = 0 }) => shiftY),
      },
      { width, height },
    );
    const pixels = images.flatMap((image) => [...image.values]);
    const batch = tensor4d(pixels, [images.length, height, width, 1]);
    return [...resample(batch, map, undefined, outside).dataSync()];
  });
  return images.map((_, index) => values.slice(index * width * height, (index + 1) * width * height));
}

const counting: PlainImage = { width: 3, height: 3, values: [1, 2, 3, 4, 5, 6, 7, 8, 9] };

for (const backend of ['tensorflow', 'wasm', 'cpu']) {
  describe(`an affine map, on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it.each<[string, PlainChange, number[]]>([
      ['nothing', {}, [1, 2, 3, 4, 5, 6, 7, 8, 9]],
      ['a shift to the right', { shiftX: 1 }, [0, 1, 2, 0, 4, 5, 0, 7, 8]],
      ['a shift upwards', { shiftY: -1 }, [4, 5, 6, 7, 8, 9, 0, 0, 0]],
      ['half a pixel to the right', { shiftX: 0.5 }, [0.5, 1.5, 2.5, 2, 4.5, 5.5, 3.5, 7.5, 8.5]],
      ['a quarter turn, clockwise as seen', { rotation: 90 }, [7, 4, 1, 8, 5, 2, 9, 6, 3]],
      ['twice the size', { scale: 2 }, [3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7]],
      ['half the size', { scale: 0.5 }, [0, 0, 0, 0, 5, 0, 0, 0, 0]],
      ['a slant of 45°: the upper row to the left', { shear: 45 }, [2, 3, 0, 4, 5, 6, 0, 7, 8]],
    ])('is worked out by hand: %s', (_, change, expected) => {
      expectClose(drawn([counting], [change], 0)[0]!, expected, 0, 1e-5);
    });

    it('draws every image of a batch as a plain implementation does, with another value outside', () => {
      const random = new Random(5, 'images');
      const between = (low: number, high: number): number => low + (high - low) * random.uniform();
      const images = Array.from({ length: 12 }, (): PlainImage => {
        const values = Array.from({ length: 9 * 7 }, () => random.uniform());
        return { width: 9, height: 7, values };
      });
      const changes = images.map((): PlainChange => ({
        rotation: between(-180, 180),
        scale: between(0.5, 1.5),
        shear: between(-30, 30),
        shiftX: between(-3, 3),
        shiftY: between(-3, 3),
      }));
      drawn(images, changes, -1).forEach((values, index) => {
        expectClose(values, changed(images[index]!, changes[index]!, -1), 0, 1e-4);
      });
    });
  });
}
