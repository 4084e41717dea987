import { z } from 'zod';

import type { Schedule } from './schedule.js';

/** The warm-up option, for all schedules that start at the full rate. */
export const warmupOptions = {
  warmupEpochs: z
    .number()
    .min(0)
    .max(100_000)
    .default(0)
    .meta({ description: 'epochs of linear warm-up; may be a fraction' }),
};

/**
 * Puts a linear warm-up before a schedule, which then covers the rest of the run (Goyal et al., “Accurate, large minibatch SGD: training
 * ImageNet in 1 hour”, 2017). With W steps of warm-up, the factor of step s is (s + 1)/(W + 1), so that step W is the first with the
 * full rate.
 */
export function withWarmup(warmupEpochs: number, schedule: Schedule): Schedule {
  if (warmupEpochs === 0) return schedule;
  return {
    factorAt(step, { steps, stepsPerEpoch }) {
      const warmup = Math.round(warmupEpochs * stepsPerEpoch);
      if (step < warmup) return (step + 1) / (warmup + 1);
      return schedule.factorAt(step - warmup, { steps: steps - warmup, stepsPerEpoch });
    },
  };
}
