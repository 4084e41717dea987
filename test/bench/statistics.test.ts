import { describe, expect, it } from 'vitest';

import { interquartileRange, median, medianRatio, quantile } from '../../bench/statistics.js';
import { mlpFlopsPerEpoch } from '../../bench/tasks.js';

describe('the statistics of a race', () => {
  it('takes the middle, whatever the order, and between two the mean', () => {
    expect(median([10, 9, 100])).toBe(10);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  it('leaves the numbers as they are', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('has the quantiles of numpy.percentile', () => {
    const values = [1, 2, 4, 8, 16, 32];
    // numpy.percentile([1, 2, 4, 8, 16, 32], [10, 25, 75])
    expect([0.1, 0.25, 0.75].map((share) => quantile(values, share))).toEqual([1.5, 2.5, 14]);
    expect(interquartileRange(values)).toBe(11.5);
  });

  it('compares within rounds, so that a slow round does not count', () => {
    expect(medianRatio([2, 4, 200], [1, 2, 100])).toBe(2);
    expect(() => medianRatio([1, 2], [1])).toThrow('as many');
  });

  it('refuses to say anything of nothing', () => {
    expect(() => median([])).toThrow('no numbers');
  });
});

describe('the operations of an epoch of the MLP', () => {
  it('are those of its eight matrix products', () => {
    const products = [
      // Forward.
      [100, 784, 128],
      [100, 128, 64],
      [100, 64, 10],
      // Gradients of the weights.
      [784, 100, 128],
      [128, 100, 64],
      [64, 100, 10],
      // Gradients of the inputs, but for the first layer.
      [100, 64, 128],
      [100, 10, 64],
    ];
    const step = products.reduce(
      (sum, [rows = 0, inner = 0, columns = 0]) => sum + 2 * rows * inner * columns,
      0,
    );
    expect(mlpFlopsPerEpoch()).toBe(600 * step);
    expect(mlpFlopsPerEpoch() / 1e9).toBeCloseTo(27.264, 6);
  });
});
