import { describe, expect, it } from 'vitest';

import { quantise, transpose } from '../../../src/deployment/onnx/weights.js';
import { Random } from '../../../src/core/random.js';
import { DataType } from '../../../src/tensorflow/c-api/data-types.js';

const numbers = (count: number): Float32Array => {
  const random = new Random(5, 'weights');
  return Float32Array.from({ length: count }, () => random.integer(2001) / 1000 - 1);
};

describe('quantise', () => {
  it.each([0, 1, 2])('keeps every value within half a step of its channel, along axis %i', (axis) => {
    const shape = [4, 5, 6];
    const values = numbers(120);
    const { quantised, scales } = quantise(values, shape, axis);
    expect(scales).toHaveLength(shape[axis]!);
    const stride = [30, 6, 1][axis]!;
    values.forEach((value, index) => {
      const scale = scales[Math.floor(index / stride) % shape[axis]!]!;
      expect(Math.abs(value - quantised[index]! * scale)).toBeLessThanOrEqual(scale / 2 + 1e-7);
    });
    expect(Math.max(...quantised.map(Math.abs))).toBe(127);
    expect(Math.min(...quantised)).toBeGreaterThanOrEqual(-127);
  });

  it('takes a channel of zeros', () => {
    const { quantised, scales } = quantise(Float32Array.of(0, 2, 0, -1), [2, 2], 1);
    expect([...quantised]).toEqual([0, 127, 0, -64]);
    expect(scales[0]).toBe(1);
  });
});

it('transpose moves axes as nested loops do', () => {
  const shape = [2, 3, 4, 5];
  const order = [3, 2, 0, 1];
  const values = numbers(120);
  const moved = transpose({ type: DataType.FLOAT, shape, values }, order);
  expect(moved.shape).toEqual([5, 4, 2, 3]);
  for (let a = 0; a < 2; a++)
    for (let b = 0; b < 3; b++)
      for (let c = 0; c < 4; c++)
        for (let d = 0; d < 5; d++) {
          expect(moved.values[((d * 4 + c) * 2 + a) * 3 + b]).toBe(values[((a * 3 + b) * 4 + c) * 5 + d]);
        }
});
