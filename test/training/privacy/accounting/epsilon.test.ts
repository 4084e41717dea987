import { describe, expect, it } from 'vitest';

import { epsilonOf, noiseFor, type PrivacyEvent } from '../../../../src/training/privacy/accounting/index.js';
import { toolkitError } from '../../../support/errors.js';

const event: PrivacyEvent = { sampleRate: 0.02, noiseMultiplier: 1.1, steps: 200 };

/** Both bounds never fall along a row of calls, and rise in the end. */
function expectRising(epsilons: readonly { renyi: number; pld: number }[]): void {
  for (const bound of ['renyi', 'pld'] as const) {
    const values = epsilons.map((epsilon) => epsilon[bound]);
    values.slice(1).forEach((value, at) => {
      expect(value).toBeGreaterThanOrEqual(values[at]! - 1e-4);
    });
    expect(values[values.length - 1]).toBeGreaterThan(values[0]!);
  }
}

describe('ε', () => {
  it('grows with steps and sample rate, and falls with noise and δ', () => {
    const of = (change: Partial<PrivacyEvent>, delta = 1e-5) => epsilonOf([{ ...event, ...change }], delta);
    expectRising([0, 1, 20, 21, 200].map((steps) => of({ steps })));
    expectRising([0, 1e-4, 0.02, 0.3, 1].map((sampleRate) => of({ sampleRate })));
    expectRising([100, 10, 3, 1.1, 0.5].map((noiseMultiplier) => of({ noiseMultiplier })));
    expectRising([0.5, 1e-5, 1e-8, 1e-14, 1e-30].map((delta) => of({}, delta)));
  });

  it('by privacy-loss distributions is never above Rényi’s', () => {
    for (const delta of [1e-3, 1e-6, 1e-13, 1e-100]) {
      const { renyi, pld } = epsilonOf([event], delta);
      expect(pld).toBeLessThanOrEqual(renyi);
      expect(pld).toBeGreaterThan(0);
    }
  });

  it('is 0 where nothing was computed', () => {
    expect(epsilonOf([], 1e-5)).toEqual({ renyi: 0, pld: 0 });
    expect(epsilonOf([{ ...event, steps: 0 }], 1e-5)).toEqual({ renyi: 0, pld: 0 });
    expect(epsilonOf([{ ...event, sampleRate: 0 }], 1e-5)).toEqual({ renyi: 0, pld: 0 });
  });

  it('is finite and plausible at the extremes', () => {
    // One step with hardly any noise: nearly the difference of two means, 1/(2σ²).
    for (const noiseMultiplier of [1e-2, 1e-5]) {
      const { renyi, pld } = epsilonOf([{ sampleRate: 1, noiseMultiplier, steps: 1 }], 1e-5);
      expect(pld * 2 * noiseMultiplier ** 2).toBeGreaterThan(1);
      expect(renyi * 2 * noiseMultiplier ** 2).toBeLessThan(1.3);
    }
    expect(epsilonOf([{ sampleRate: 1e-300, noiseMultiplier: 1, steps: 10 }], 1e-5).pld).toBe(0);
    expect(epsilonOf([{ ...event, noiseMultiplier: 1e6 }], 1e-5).pld).toBe(0);
    expect(epsilonOf([{ ...event, noiseMultiplier: 1e-200 }], 1e-5).renyi).toBe(Infinity);
  });

  it.each([
    ['delta', [event], 0],
    ['delta', [event], 1],
    ['delta', [event], NaN],
    ['noise multiplier', [{ ...event, noiseMultiplier: 0 }], 1e-5],
    ['noise multiplier', [{ ...event, noiseMultiplier: Infinity }], 1e-5],
    ['sample rate', [{ ...event, sampleRate: 1.01 }], 1e-5],
    ['number of steps', [{ ...event, steps: 1.5 }], 1e-5],
    ['number of steps', [{ ...event, steps: -1 }], 1e-5],
  ])('a %s out of range is refused', async (name, events, delta) => {
    const error = await toolkitError('USAGE', () => epsilonOf(events, delta));
    expect(error.message).toContain(name);
  });
});

describe('the noise for a target', () => {
  it.each([
    { targetEpsilon: 1, delta: 1e-5, sampleRate: 0.02, steps: 300 },
    { targetEpsilon: 3, delta: 1e-13, sampleRate: 1, steps: 1 },
  ])('$targetEpsilon at $delta suffices, and a little less does not', (request) => {
    const noiseMultiplier = noiseFor(request);
    const spent = (noise: number) => epsilonOf([{ ...request, noiseMultiplier: noise }], request.delta).pld;
    expect(spent(noiseMultiplier)).toBeLessThanOrEqual(request.targetEpsilon);
    expect(spent(noiseMultiplier * 0.998)).toBeGreaterThan(request.targetEpsilon);
  });

  it('leaves room for what else is spent', () => {
    const request = { targetEpsilon: 1, delta: 1e-5, sampleRate: 0.02, steps: 300 };
    const other = { sampleRate: 1, noiseMultiplier: 10, steps: 1 };
    const noiseMultiplier = noiseFor({ ...request, spent: [other] });
    expect(noiseMultiplier).toBeGreaterThan(noiseFor(request));
    const both = epsilonOf([{ ...request, noiseMultiplier }, other], request.delta).pld;
    expect(both).toBeLessThanOrEqual(1);
    expect(both).toBeGreaterThan(0.99);
  });

  it('is refused where none suffices, or nothing is computed', async () => {
    const request = { targetEpsilon: 1, delta: 1e-5, sampleRate: 0.02, steps: 300 };
    await toolkitError('USAGE', () => noiseFor({ ...request, targetEpsilon: 0 }));
    await toolkitError('USAGE', () => noiseFor({ ...request, targetEpsilon: 1e-9 }));
    await toolkitError('USAGE', () => noiseFor({ ...request, steps: 0 }));
    await toolkitError('USAGE', () => noiseFor({ ...request, sampleRate: 0 }));
  });
});
