import {
  add,
  grads,
  mul,
  square,
  sum,
  tensor,
  tensor4d,
  tidy,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import '../../../src/engine/tracing/gradients.js';

import { backends } from '../../../src/engine/backends/index.js';
import { Random } from '../../../src/core/random.js';
import { averagePooling, globalAveragePooling } from '../../../src/models/layers/average-pooling.js';
import {
  convolution,
  depthwiseConvolution,
  separableConvolution,
  type Padding,
} from '../../../src/models/layers/convolution.js';
import type { Layer } from '../../../src/models/layers/layer.js';
import { residual } from '../../../src/models/layers/residual.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';

const [HEIGHT, WIDTH, CHANNELS, FILTERS, SIZE] = [7, 6, 2, 3, 3];
const random = new Random(4, 'numbers');
const image = random.normalArray(HEIGHT * WIDTH * CHANNELS, 1);
const kernel = random.normalArray(SIZE * SIZE * CHANNELS * FILTERS, 0.3);

/**
 * What filters see of the image at each place, by row, column and channel of the filter. With `same`, the zeros that are needed are
 * put evenly, the odd one at the end.
 */
function windows(stride: number, padding: Padding): number[][] {
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
  const result: number[][] = [];
  for (let row = 0; row < rows.places; row++) {
    for (let column = 0; column < columns.places; column++) {
      const window = Array.from({ length: SIZE * SIZE * CHANNELS }, (_, weight) => {
        const right = Math.floor(weight / CHANNELS) % SIZE;
        const down = Math.floor(weight / CHANNELS / SIZE);
        const [top, left] = [row * stride - rows.before, column * stride - columns.before];
        return pixel(top + down, left + right, weight % CHANNELS);
      });
      result.push(window);
    }
  }
  return result;
}

/** A convolution by its definition. */
function convolve(stride: number, padding: Padding): number[] {
  return windows(stride, padding).flatMap((window) =>
    Array.from({ length: FILTERS }, (_, filter) =>
      window.reduce((sum, value, weight) => sum + value * kernel[weight * FILTERS + filter]!, 0),
    ),
  );
}

/** The same of each channel alone, with filters of its own; all filters of the first channel come first. */
function convolveEach(stride: number, padding: Padding): number[] {
  return windows(stride, padding).flatMap((window) =>
    Array.from({ length: CHANNELS * FILTERS }, (_, index) => {
      const [channel, filter] = [Math.floor(index / FILTERS), index % FILTERS];
      return window.reduce(
        (sum, value, weight) =>
          weight % CHANNELS === channel ? sum + value * kernel[weight * FILTERS + filter]! : sum,
        0,
      );
    }),
  );
}

/** Checks what a layer makes of the image with the kernel. */
function expectFiltered(layer: Layer, expected: readonly number[]): void {
  tidy(() => {
    const values = new Map([['filters/kernel', tensor(kernel, [SIZE, SIZE, CHANNELS, FILTERS])]]);
    const output = layer.apply(tensor4d(image, [1, HEIGHT, WIDTH, CHANNELS]), values);
    expect(output.shape).toEqual([1, ...layer.outputShape]);
    expectClose(output.dataSync(), expected, 1e-5);
  });
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
    expectFiltered(layer, expected);
  });

  it.each([
    [1, 'same'],
    [2, 'valid'],
    [2, 'same'],
  ] as const)('a depthwise convolution moves by %i pixels, %s', async (stride, padding) => {
    await startOnCpu(backend);
    const layer = depthwiseConvolution({
      name: 'filters',
      ...{
        inputShape: [HEIGHT, WIDTH, CHANNELS],
        depthMultiplier: FILTERS,
        kernelSize: SIZE,
        stride,
        padding,
      },
      hasBias: false,
      initializer: 'he-normal',
    });
    expect(layer.outputShape[2]).toBe(CHANNELS * FILTERS);
    expectFiltered(layer, convolveEach(stride, padding));
  });

  // tfjs has no kernels for gradients of filters on wasm: it says so before training starts.
  it.skipIf(backend === 'wasm')('gradients of a separable convolution are finite differences', async () => {
    await startOnCpu(backend);
    const layer = separableConvolution({
      name: 'filters',
      ...{
        inputShape: [HEIGHT, WIDTH, CHANNELS],
        filters: FILTERS,
        kernelSize: SIZE,
        stride: 2,
        padding: 'same',
      },
      depthMultiplier: 2,
      initializer: 'he-normal',
    });
    const names = layer.parameters.map(({ name }) => name);
    expect(names).toEqual(['filters/depthwise/kernel', 'filters/pointwise/kernel', 'filters/pointwise/bias']);
    tidy(() => {
      const weights = layer.parameters.map(({ shape, initialValue }) =>
        tensor(initialValue(random), [...shape]),
      );
      const inputs = [tensor4d(image, [1, HEIGHT, WIDTH, CHANNELS]), ...weights];
      const loss = (input: Tensor, ...values: Tensor[]): Scalar =>
        sum(square(layer.apply(input, new Map(names.map((name, index) => [name, values[index]!])))));
      const gradients = grads(loss)(inputs);
      inputs.forEach((input, position) => {
        // Along a direction, so that one difference checks all numbers; of what is quadratic, it is exact.
        const direction = tensor(random.normalArray(input.size, 1), input.shape);
        const at = (step: number): number => {
          const moved = inputs.map((other, index) =>
            index === position ? add(other, mul(direction, step)) : other,
          );
          return loss(moved[0]!, ...moved.slice(1)).dataSync()[0]!;
        };
        const slope = sum(mul(gradients[position]!, direction)).dataSync()[0]!;
        expectClose([(at(0.1) - at(-0.1)) / 0.2], [slope], 1e-3);
      });
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
