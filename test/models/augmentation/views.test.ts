import { matMul, reshape, tensor2d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { VIEW_COUNT, withViews } from '../../../src/models/augmentation/views.js';
import { Random } from '../../../src/core/random.js';
import type { Forward } from '../../../src/engine/running/program.js';
import { softmax } from '../../../src/evaluation/probabilities.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';
import { changed, type PlainChange } from './reference.js';

const [WIDTH, HEIGHT, CLASSES, COUNT] = [7, 6, 3, 2];
const SIZE = WIDTH * HEIGHT;
const changes: PlainChange[] = [
  {},
  ...[{ shiftX: 1 }, { shiftX: -1 }, { shiftY: 1 }, { shiftY: -1 }, { rotation: 4.5 }, { rotation: -4.5 }],
  ...[{ scale: 1.05 }, { scale: 1 / 1.05 }, { shear: 4.5 }, { shear: -4.5 }],
];

describe.each(['tensorflow', 'cpu', 'wasm'])('test-time augmentation, on %s', (backend) => {
  beforeAll(() => startOnCpu(backend));

  it('gives the logarithm of the mean of the views’ probabilities', () => {
    const random = new Random(3, 'views');
    const numbers = (count: number, size: number): number[] =>
      Array.from({ length: count }, () => size * (2 * random.uniform() - 1));
    const pixels = numbers(COUNT * SIZE, 1);
    const kernel = numbers(SIZE * CLASSES, 2);
    const forward: Forward = (images) =>
      matMul(reshape(images, [COUNT, SIZE]), tensor2d(kernel, [SIZE, CLASSES]));
    const actual = tidy(() =>
      withViews(forward, { scale: 2 / 255, offset: -1 })(
        tensor4d(pixels, [COUNT, HEIGHT, WIDTH, 1]),
      ).dataSync<'float32'>(),
    );
    const expected = Array.from({ length: COUNT }, (_, image) => {
      const values = pixels.slice(image * SIZE, (image + 1) * SIZE);
      const answers = changes.map((change) => {
        const view = changed({ width: WIDTH, height: HEIGHT, values }, change, -1);
        const logit = (label: number): number =>
          view.reduce((sum, value, at) => sum + value * kernel[at * CLASSES + label]!, 0);
        return softmax(Array.from({ length: CLASSES }, (__, label) => logit(label)));
      });
      return Array.from({ length: CLASSES }, (__, label) =>
        Math.log(answers.reduce((sum, row) => sum + row[label]!, 0) / answers.length),
      );
    });
    expect(changes).toHaveLength(VIEW_COUNT);
    expectClose(actual, expected.flat(), 1e-4);
  });
});
