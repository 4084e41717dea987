import { describe, expect, it } from 'vitest';

import { renyiEpsilon } from '../../../../src/training/privacy/accounting/renyi.js';
import { privacyFixture } from '../../../support/privacy-accounting.js';

describe('ε by Rényi differential privacy', () => {
  it.each(privacyFixture.cases)('$name: as Opacus computes it', ({ event, renyi }) => {
    expect(renyiEpsilon([event], privacyFixture.delta)).toBeCloseTo(renyi, 9);
  });

  it('is that of the Gaussian mechanism where each example is in each batch', () => {
    // α/(2σ²) each step; Opacus's conversion at its best order is computed here on a finer scale.
    const [noiseMultiplier, steps, delta] = [20, 10, 1e-6];
    const bounds = Array.from({ length: 10_000 }, (_, index) => 1.05 + index / 100).map(
      (order) =>
        (steps * order) / (2 * noiseMultiplier ** 2) -
        (Math.log(delta) + Math.log(order)) / (order - 1) +
        Math.log1p(-1 / order),
    );
    const found = renyiEpsilon([{ sampleRate: 1, noiseMultiplier, steps }], delta);
    expect(found).toBeGreaterThanOrEqual(Math.min(...bounds));
    expect(found).toBeLessThan(Math.min(...bounds) + 1e-3);
  });

  it('runs that sample and scale differently add up', () => {
    const first = { sampleRate: 0.01, noiseMultiplier: 1.1, steps: 500 };
    const second = { sampleRate: 0.02, noiseMultiplier: 0.9, steps: 100 };
    const both = renyiEpsilon([first, second], 1e-5);
    expect(both).toBeGreaterThan(renyiEpsilon([first], 1e-5));
    expect(both).toBeLessThan(renyiEpsilon([first], 5e-6) + renyiEpsilon([second], 5e-6));
    expect(renyiEpsilon([first, first], 1e-5)).toBeCloseTo(
      renyiEpsilon([{ ...first, steps: 1000 }], 1e-5),
      10,
    );
  });
});
