import { tensor, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { backends } from '../../../src/backends/index.js';
import { Random } from '../../../src/core/random.js';
import { averagePooling, globalAveragePooling } from '../../../src/models/layers/average-pooling.js';
import { convolution, type Padding } from '../../../src/models/layers/convolution.js';
import { residual } from '../../../src/models/layers/residual.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';

const [HEIGHT, WIDTH, CHANNELS, FILTERS, SIZE] = [7, 6, 2, 3, 3];
const random = new Random(4, 'numbers');
const image = random.normalArray(HEIGHT * WIDTH * CHANNELS, 1);
const kernel = random.normalArray(SIZE * SIZE * CHANNELS * FILTERS, 0.3);

/** A convolution by its definition. With `same`, the zeros that are needed are put evenly, the odd one at the end. */
function convolve(stride: number, padding: Padding): number[] {
  const alongAxis = (size: number): { places: number; before: number } => {
    if (padding === 'valid') return { places: Math.floor((size - SIZE) / stride) + 1, before: 0 };
    const places = Math.ceil(size / stride);
    return { places, before: Math.floor(Math.max(0, (places - 1) * stride + SIZE - size) / 2) };
  };
  const pixel = (row: number, column: number, channel: number): number =>
    row < 0 || column < 0 || row >= HEIGHT || column >= WIDTH
      ? 0
      : image[(row * WIDTH + column) * CHANNELS + channel]!;
  const rows = alongAxis(HEIGHT);
  const columns = alongAxis(WIDTH);
  const result: number[] = [];
  for (let row = 0; row < rows.places; row++) {
    for (let column = 0; column < columns.places; column++) {
      for (let filter = 0; filter < FILTERS; filter++) {
        let sum = 0;
        for (let weight = 0; weight < SIZE * SIZE * CHANNELS; weight++) {
          const channel = weight % CHANNELS;
          const right = Math.floor(weight / CHANNELS) % SIZE;
          const down = Math.floor(weight / CHANNELS / SIZE);
          const at = pixel(
            row * stride - rows.before + down,
            column * stride - columns.before + right,
            channel,
          );
          sum += at * kernel[weight * FILTERS + filter]!;
        }
        result.push(sum);
      }
    }
  }
  return result;
}

describe.each(backends.names)('on %s', (backend) => {
  it.each([
    [1, 'valid'],
    [1, 'same'],
    [2, 'valid'],
    [2, 'same'],
  ] as const)('a convolution moves by %i pixels, %s, without a bias', async (stride, padding) => {
    await startOnCpu(backend);
    const layer = convolution({
      name: 'filters',
      ...{ inputShape: [HEIGHT, WIDTH, CHANNELS], filters: FILTERS, kernelSize: SIZE, stride, padding },
      hasBias: false,
      initializer: 'he-normal',
    });
    const expected = convolve(stride, padding);
    expect(layer.parameters.map(({ name }) => name)).toEqual(['filters/kernel']);
    expect(layer.outputShape.reduce((product, size) => product * size)).toBe(expected.length);
    tidy(() => {
      const values = new Map([['filters/kernel', tensor(kernel, [SIZE, SIZE, CHANNELS, FILTERS])]]);
      const output = layer.apply(tensor4d(image, [1, HEIGHT, WIDTH, CHANNELS]), values);
      expect(output.shape).toEqual([1, ...layer.outputShape]);
      expectClose(output.dataSync(), expected, 1e-5);
    });
  });

  it('means of squares drop what is left over, means of channels nothing', async () => {
    await startOnCpu(backend);
    const numbers = [1, 5, 2, 0, 9, 3, 4, -1, 7, 9, 9, 9, 9, 9, 9];
    tidy(() => {
      const squares = averagePooling([3, 5, 1], 2);
      const input = tensor4d(numbers, [1, 3, 5, 1]);
      expect(squares.outputShape).toEqual([1, 2, 1]);
      expectClose(squares.apply(input, new Map()).dataSync(), [3.25, 2], 1e-6);
      const channels = globalAveragePooling([3, 2, 2]);
      const output = channels.apply(tensor4d(numbers.slice(0, 12), [1, 3, 2, 2]), new Map());
      expect(output.shape).toEqual([1, 2]);
      expectClose(output.dataSync(), [(1 + 2 + 9 + 4 + 7 + 9) / 6, (5 + 0 + 3 - 1 + 9 + 9) / 6], 1e-6);
    });
  });

  it('a residual connection adds a branch to its input, or to a projection of it', async () => {
    await startOnCpu(backend);
    const project = (name: string): ReturnType<typeof convolution> =>
      convolution({
        ...{
          name,
          inputShape: [1, 2, 1],
          filters: 2,
          kernelSize: 1,
          hasBias: false,
          initializer: 'he-normal',
        },
      });
    tidy(() => {
      const values = new Map([
        ['branch/kernel', tensor([2, 3], [1, 1, 1, 2])],
        ['shortcut/kernel', tensor([10, -10], [1, 1, 1, 2])],
      ]);
      const input = tensor4d([1, 2], [1, 1, 2, 1]);
      const projected = residual(project('branch'), project('shortcut'));
      expect(projected.parameters.map(({ name }) => name)).toEqual(['branch/kernel', 'shortcut/kernel']);
      expect([...projected.apply(input, values).dataSync()]).toEqual([12, -7, 24, -14]);
      const plain = residual(averagePooling([1, 2, 1], 1));
      expect([...plain.apply(input, values).dataSync()]).toEqual([2, 4]);
    });
  });
});
