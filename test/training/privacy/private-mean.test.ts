import { beforeAll, describe, expect, it } from 'vitest';

import { PrivateMean } from '../../../src/training/privacy/private-mean.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';

describe('a private mean', () => {
  beforeAll(() => startOnCpu('tensorflow'));

  it('is that of the rows, each shortened to the largest norm', () => {
    const mean = new PrivateMean(2, { largestNorm: 2, noiseMultiplier: 1e-9 });
    for (const row of [
      [1, 0],
      [6, 8],
      [0, 0],
      [NaN, 1],
    ]) {
      mean.add(Float32Array.from(row));
    }
    expectClose(mean.estimate(), Float32Array.from([(1 + 1.2) / 4, 1.6 / 4]), 1e-6);
  });

  it('has noise of the multiplier times the largest norm in its sum, other noise each time', () => {
    const mean = new PrivateMean(20_000, { largestNorm: 3, noiseMultiplier: 0.5 });
    for (let image = 0; image < 10; image++) mean.add(new Float32Array(20_000));
    const [first, second] = [mean.estimate(), mean.estimate()];
    const variance = first.reduce((sum, value) => sum + value * value, 0) / first.length;
    expect(Math.abs(variance / (0.5 * 0.3) ** 2 - 1)).toBeLessThan(6 * Math.sqrt(2 / first.length));
    const together = first.reduce((sum, value, at) => sum + value * second[at]!, 0) / first.length;
    expect(Math.abs(together / variance)).toBeLessThan(6 / Math.sqrt(first.length));
  });
});
