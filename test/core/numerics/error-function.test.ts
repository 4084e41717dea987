import { expect, it } from 'vitest';

import { erfc, normalBetween, normalPlace, scaledErfc } from '../../../src/core/numerics/error-function.js';

/** scipy.special.erfc and erfcx (SciPy 1.17). */
const table = [
  [-3, 1.9999779095030015, 16205.988853999586],
  [-0.5, 1.5204998778130465, 1.952360489182557],
  [0, 1, 1],
  [0.3, 0.6713732405408726, 0.7345993345676554],
  [0.5, 0.4795001221869535, 0.6156903441929258],
  [2, 0.004677734981047266, 0.2553956763105058],
  [3.9, 3.479224859723178e-8, 0.14031418160068973],
  [4.1, 6.7000276540849075e-9, 0.13383411641865198],
  [8, 1.1224297172982928e-29, 0.06998516620088094],
  [26, 5.663192408856145e-296, 0.02168358485056291],
] as const;

it.each(table)('erfc(%d) is SciPy’s, scaled too', (x, expected, scaled) => {
  expect(erfc(x) / expected).toBeCloseTo(1, 14);
  expect(scaledErfc(x) / scaled).toBeCloseTo(1, 14);
});

it('the probability of an interval keeps its precision in both tails', () => {
  const between = (from: number, to: number): number => normalBetween(normalPlace(from), normalPlace(to));
  expect(between(-1, 1)).toBeCloseTo(0.6826894921370859, 15);
  expect(between(-Infinity, 0)).toBe(0.5);
  // scipy.stats.norm.sf(10)
  expect(between(10, Infinity) / 7.61985302416047e-24).toBeCloseTo(1, 13);
  expect(between(-11, -10)).toBe(between(10, 11));
});
