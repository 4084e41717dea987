import { describe, expect, it } from 'vitest';

import { normalBetween, normalPlace } from '../../../../src/core/numerics/error-function.js';
import { pldEpsilon } from '../../../../src/training/privacy/accounting/pld.js';
import { privacyFixture } from '../../../support/privacy-accounting.js';

/** δ at ε of Gaussian noise around two means at a distance µ: Balle and Wang, 2018. */
function gaussianDelta(epsilon: number, mu: number): number {
  const upTo = (x: number): number => normalBetween(normalPlace(-Infinity), normalPlace(x));
  return upTo(mu / 2 - epsilon / mu) - Math.exp(epsilon) * upTo(-mu / 2 - epsilon / mu);
}

describe('ε by privacy-loss distributions', () => {
  it.each(privacyFixture.cases)('$name: as dp-accounting computes it', ({ event, pld }) => {
    const found = pldEpsilon([event], privacyFixture.delta);
    expect(Math.abs(found - pld)).toBeLessThan(1e-3);
  });

  it.each([
    [1, 1],
    [5, 0.4],
    [40, 2],
    [3, 0.001],
  ])('%d steps’ Gaussian noise, with µ %d: the closed form', (steps, mu) => {
    const noiseMultiplier = Math.sqrt(steps) / mu;
    for (const epsilon of [0.5 * mu, 2 * mu, 4 * mu]) {
      const delta = gaussianDelta(epsilon, mu);
      const found = pldEpsilon([{ sampleRate: 1, noiseMultiplier, steps }], delta);
      expect(found).toBeGreaterThanOrEqual(epsilon * (1 - 1e-6));
      expect(found).toBeLessThan(epsilon * 1.002);
    }
  });

  it('one step on a sample: the closed form', () => {
    // P and Q differ with probability q: δ(ε) = q·δ₀(log(1 + (exp(ε) − 1)/q)).
    for (const [rate, epsilon] of [
      [0.1, 0.3],
      [0.01, 0.2],
      [0.5, 2],
    ] as const) {
      const delta = rate * gaussianDelta(Math.log1p(Math.expm1(epsilon) / rate), 1);
      const found = pldEpsilon([{ sampleRate: rate, noiseMultiplier: 1, steps: 1 }], delta);
      expect(found).toBeCloseTo(epsilon, 5);
    }
  });

  it('different steps add up: the closed form again', () => {
    const events = [
      { sampleRate: 1, noiseMultiplier: 2, steps: 3 },
      { sampleRate: 1, noiseMultiplier: 5, steps: 10 },
    ];
    const found = pldEpsilon(events, gaussianDelta(3, Math.sqrt(3 / 4 + 10 / 25)));
    expect(found).toBeCloseTo(3, 4);
  });
});
