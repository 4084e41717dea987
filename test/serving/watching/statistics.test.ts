import { describe, expect, it } from 'vitest';

import {
  featuresOf,
  histogramOf,
  kolmogorovSmirnov,
  populationStabilityIndex,
  quantileEdges,
} from '../../../src/serving/watching/statistics.js';

describe('Kolmogorov–Smirnov', () => {
  // The p-values are scipy.stats.kstwobign.sf(statistic × √(nm / (n + m))) of scipy 1.x.
  it('agrees with scipy on small samples with ties', () => {
    const first = Float64Array.of(0.1, 0.4, 0.4, 0.7, 1.2, 1.5, 1.9, 2.2);
    const second = Float64Array.of(0.4, 0.9, 1.3, 1.9, 2.5, 2.6, 3.1);
    const { statistic, pValue } = kolmogorovSmirnov(first, second);
    expect(statistic).toBeCloseTo(0.4285714285714286, 12);
    expect(pValue).toBeCloseTo(0.4992059927548423, 10);
  });

  it('agrees with scipy on larger samples', () => {
    const first = Float64Array.from({ length: 200 }, (_, k) => ((k * 37) % 101) / 101).sort();
    const second = Float64Array.from({ length: 300 }, (_, k) => (((k * 53) % 97) / 97) * 0.8 + 0.1).sort();
    const { statistic, pValue } = kolmogorovSmirnov(first, second);
    expect(statistic).toBeCloseTo(0.11, 12);
    expect(pValue).toBeCloseTo(0.10958909236542859, 10);
  });

  it('finds no difference between a sample and itself', () => {
    const sample = Float64Array.of(1, 2, 3, 3, 4);
    expect(kolmogorovSmirnov(sample, sample)).toEqual({ statistic: 0, pValue: 1 });
  });
});

describe('the population stability index', () => {
  it('is 0 for the same shares, whatever the counts', () => {
    expect(populationStabilityIndex([10, 20, 70], [1, 2, 7])).toBeCloseTo(0, 12);
  });

  it('is what its formula gives by hand', () => {
    // (0.25 − 0.5) ln(0.25 / 0.5) + (0.75 − 0.5) ln(0.75 / 0.5)
    expect(populationStabilityIndex([50, 50], [25, 75])).toBeCloseTo(0.27465307216702745, 12);
  });

  it('stays finite where a bin is empty', () => {
    expect(populationStabilityIndex([50, 50], [0, 100])).toBeGreaterThan(0.25);
    expect(populationStabilityIndex([50, 50], [0, 100])).toBeLessThan(10);
  });
});

it('bins at quantiles hold equal shares', () => {
  const sorted = Float64Array.from({ length: 1000 }, (_, index) => index);
  const edges = quantileEdges(sorted, 10);
  expect(edges).toHaveLength(9);
  expect([...histogramOf(sorted, edges)]).toEqual(Array(10).fill(100));
});

it('bins of numbers that are all the same are one and a rest', () => {
  const sorted = new Float64Array(50).fill(0.5);
  expect([...histogramOf(sorted, quantileEdges(sorted, 10))]).toEqual([0, 50]);
});

describe('the features of an image', () => {
  it('of one bright pixel', () => {
    const pixels = new Uint8Array(9);
    pixels[5] = 255;
    const [brightness, contrast, ink, x, y] = featuresOf(pixels, { height: 3, width: 3, channels: 1 });
    expect(brightness).toBeCloseTo(1 / 9, 12);
    expect(contrast).toBeCloseTo(Math.sqrt(1 / 9 - 1 / 81), 12);
    expect(ink).toBeCloseTo(1 / 9, 12);
    expect([x, y]).toEqual([1, 0.5]);
  });

  it('of a colour image count each pixel at its place', () => {
    const pixels = new Uint8Array(2 * 2 * 3);
    pixels.fill(200, 9);
    const features = featuresOf(pixels, { height: 2, width: 2, channels: 3 });
    expect([...features.slice(3, 5)]).toEqual([1, 1]);
    expect([...features.slice(5)]).toEqual([50 / 255, 50 / 255, 50 / 255]);
  });

  it('of a blank image have a centre', () => {
    const features = featuresOf(new Uint8Array(4), { height: 2, width: 2, channels: 1 });
    expect([...features]).toEqual([0, 0, 0, 0.5, 0.5]);
  });
});
