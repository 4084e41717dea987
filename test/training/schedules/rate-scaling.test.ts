import { expect, it } from 'vitest';

import { schedules } from '../../../src/training/schedules/index.js';
import { withScaledRate } from '../../../src/training/schedules/rate-scaling.js';

const cycle = schedules.get('one-cycle')!;
const schedule = cycle.build(cycle.options.parse({ cycleMomentum: true }) as never);
const run = { steps: 10, stepsPerEpoch: 5 };

it.each([
  ['none', 6400, 1],
  ['linear', 6400, 64],
  ['square-root', 6400, 8],
  ['linear', 100, 1],
  ['linear', 50, 0.5],
] as const)(
  '%s, at a batch size of %i: the rate times %f, and the same momentum',
  (scaling, batch, scale) => {
    const scaled = withScaledRate(schedule, scaling, batch);
    for (const step of [0, 3, 9]) {
      expect(scaled.factorAt(step, run)).toBe(scale * schedule.factorAt(step, run));
      expect(scaled.momentumAt!(step, run)).toBe(schedule.momentumAt!(step, run));
    }
  },
);
