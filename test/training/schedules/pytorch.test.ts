import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { schedules } from '../../../src/training/schedules/index.js';
import type { Schedule } from '../../../src/training/schedules/schedule.js';

/** Made with PyTorch by bench/fixtures/make_schedule_fixture.py. */
const fixtureSchema = z.object({
  rate: z.number(),
  stepsPerEpoch: z.number(),
  runs: z.array(
    z.object({
      schedule: z.string(),
      options: z.record(z.string(), z.unknown()),
      epochs: z.number(),
      rates: z.array(z.number()),
      /** Null where they stay as they are. */
      momenta: z.array(z.number()).nullable(),
    }),
  ),
});

const file = new URL('../../fixtures/schedules.json', import.meta.url);
const { rate, stepsPerEpoch, runs } = fixtureSchema.parse(JSON.parse(await readFile(file, 'utf8')));

function scheduleOf(name: string, options: object): Schedule {
  const definition = schedules.get(name)!;
  return definition.build(definition.options.parse(options) as never);
}

it('the fixture covers every schedule', () => {
  expect(new Set(runs.map(({ schedule }) => schedule))).toEqual(new Set(schedules.names));
});

it.each(runs)('$schedule $options gives PyTorch’s rates and momenta', ({ schedule: name, ...run }) => {
  const { options, epochs, rates, momenta } = run;
  const schedule = scheduleOf(name, options);
  const steps = epochs * stepsPerEpoch;
  expect(rates).toHaveLength(steps);
  rates.forEach((expected, step) => {
    const actual = rate * schedule.factorAt(step, { steps, stepsPerEpoch });
    // PyTorch computes some of them each from the one before.
    expect(Math.abs(actual - expected), `step ${step}`).toBeLessThan(1e-14);
    const momentum = schedule.momentumAt?.(step, { steps, stepsPerEpoch }) ?? 0;
    expect(Math.abs(momentum - (momenta?.[step] ?? 0)), `step ${step}`).toBeLessThan(1e-14);
  });
});

describe.each(schedules.names)('%s', (name) => {
  it.each([1, 2, 3, 100])('is above 0 and at most 1 in a run of %i steps', (steps) => {
    const schedule = scheduleOf(name, {});
    for (let step = 0; step < steps; step++) {
      const factor = schedule.factorAt(step, { steps, stepsPerEpoch: 10 });
      expect(factor).toBeGreaterThan(0);
      expect(factor).toBeLessThanOrEqual(1);
    }
  });
});

it.each(schedules.names.filter((name) => name !== 'one-cycle'))(
  '%s begins with the full rate and never rises; a warm-up that is longer than the run only rises',
  (name) => {
    const factors = (options: object): number[] => {
      const schedule = scheduleOf(name, options);
      return Array.from({ length: 40 }, (_, step) =>
        schedule.factorAt(step, { steps: 40, stepsPerEpoch: 10 }),
      );
    };
    const plain = factors({});
    expect(plain[0]).toBe(1);
    plain.slice(1).forEach((factor, index) => {
      expect(factor).toBeLessThanOrEqual(plain[index]!);
    });
    const rising = factors({ warmupEpochs: 5 });
    expect(rising[0]).toBeCloseTo(1 / 51, 15);
    rising.slice(1).forEach((factor, index) => {
      expect(factor - rising[index]!).toBeCloseTo(1 / 51, 15);
    });
  },
);
