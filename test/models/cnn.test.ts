import { ones, tensor4d, tidy, tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { Random } from '../../src/core/random.js';
import { cnn } from '../../src/models/cnn.js';
import { convolution } from '../../src/models/layers/convolution.js';
import { dropout } from '../../src/models/layers/dropout.js';
import { maxPooling } from '../../src/models/layers/max-pooling.js';
import { parameterCount } from '../../src/models/model.js';
import { startOnCpu } from '../support/backends.js';
import { trainCnn } from '../support/cnn.js';
import { expectClose } from '../support/numbers.js';
import { trainingPass } from '../support/training-pass.js';

beforeAll(() => startOnCpu('tensorflow'));

describe('cnn', () => {
  it('has the net of PyTorch’s MNIST example as its default', () => {
    const task = { shape: { height: 28, width: 28, channels: 1 }, classes: 10 };
    const model = cnn.build(cnn.options.parse({}), task);
    // sum(p.numel() for p in Net().parameters()) of that program.
    expect(parameterCount(model)).toBe(1_199_882);
  });

  it('refuses images that are too small, and says what would be enough', () => {
    const task = { shape: { height: 5, width: 28, channels: 1 }, classes: 10 };
    expect(() => cnn.build(cnn.options.parse({}), task)).toThrow(/images of 5×28 are too small: .* need 6×6/);
  });

  it('trains to the same weights compiled and eagerly, dropout included', async () => {
    const eager = await trainCnn('eager');
    const compiled = await trainCnn('compiled');
    expectClose(compiled.losses, eager.losses, 1e-4);
    expectClose(compiled.kernel, eager.kernel, 1e-3, 1e-4);
  });

  it('draws other numbers in every step, and the same ones when it is resumed', async () => {
    const whole = await trainCnn('compiled', [0, 4]);
    const halves = await trainCnn('compiled', [0, 2], [2, 4]);
    expect(halves.losses).toEqual(whole.losses);
    expect(halves.kernel).toEqual(whole.kernel);
    // With a learning rate of 0 and one batch over and over, only dropout moves the loss.
    const { losses } = await trainCnn('compiled', [0, 4], undefined, { learningRate: 0, images: 4 });
    expect(new Set(losses).size).toBe(4);
  });
});

describe('convolution', () => {
  it('is the sum over the filter’s window, as its definition says', () => {
    const random = new Random(1, 'convolution');
    const [height, width, channels, filters, size] = [5, 6, 2, 3, 3];
    const layer = convolution({
      name: 'first',
      inputShape: [height, width, channels],
      filters,
      kernelSize: size,
      activation: 'tanh',
      initializer: 'fan-in-uniform',
    });
    const image = random.normalArray(height * width * channels, 1);
    const kernel = random.normalArray(size * size * channels * filters, 0.3);
    const bias = random.normalArray(filters, 1);
    const expected: number[] = [];
    for (let row = 0; row <= height - size; row++) {
      for (let column = 0; column <= width - size; column++) {
        for (let filter = 0; filter < filters; filter++) {
          let sum = bias[filter]!;
          for (let down = 0; down < size; down++) {
            for (let right = 0; right < size; right++) {
              for (let channel = 0; channel < channels; channel++) {
                const pixel = image[((row + down) * width + column + right) * channels + channel]!;
                sum += pixel * kernel[((down * size + right) * channels + channel) * filters + filter]!;
              }
            }
          }
          expected.push(Math.tanh(sum));
        }
      }
    }
    const actual = tidy(() => {
      const values = new Map([
        ['first/kernel', tensor(kernel, [size, size, channels, filters])],
        ['first/bias', tensor(bias, [filters])],
      ]);
      return layer.apply(tensor4d(image, [1, height, width, channels]), values).dataSync();
    });
    expect(layer.outputShape).toEqual([3, 4, filters]);
    expectClose(actual, expected, 1e-5);
  });
});

describe('max pooling', () => {
  it('keeps the largest of each square, and drops what is left over', () => {
    const layer = maxPooling([3, 5, 1], 2);
    const image = [1, 5, 2, 0, 9, 3, 4, -1, 7, 9, 9, 9, 9, 9, 9];
    const pooled = tidy(() => layer.apply(tensor4d(image, [1, 3, 5, 1]), new Map()).dataSync());
    expect(layer.outputShape).toEqual([1, 2, 1]);
    expect([...pooled]).toEqual([5, 7]);
  });
});

describe('dropout', () => {
  const apply = (rate: number, step?: number): number[] =>
    tidy(() => {
      const input: Tensor4D = ones([100, 10, 10, 4]);
      const training = step === undefined ? undefined : trainingPass(1, step).pass;
      return Array.from(dropout('dropout1', [10, 10, 4], rate).apply(input, new Map(), training).dataSync());
    });

  it('drops the share that it is told to, and makes the rest larger, in training', () => {
    const values = apply(0.25, 1);
    const dropped = values.filter((value) => value === 0).length / values.length;
    // The standard deviation of the share is 0.0022.
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.01);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  });

  it('changes nothing in inference', () => {
    expect(new Set(apply(0.25))).toEqual(new Set([1]));
  });
});
