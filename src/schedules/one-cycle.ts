import { z } from 'zod';

import { defineSchedule } from './schedule.js';

/** How a factor gets from one value to another; the share of the way is from 0 to 1. */
const annealing = {
  cosine: (from: number, to: number, share: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share)),
  linear: (from: number, to: number, share: number) => from + (to - from) * share,
};

const annealingNames = Object.keys(annealing) as (keyof typeof annealing)[];

/**
 * From a small rate up to the full one, and down to a much smaller one. The steps at which the phases end are those of PyTorch's
 * `OneCycleLR`; the momentum stays as it is (its `cycle_momentum=False`).
 */
export const oneCycle = defineSchedule({
  name: 'one-cycle',
  summary: 'rises to the full learning rate, and falls to a fraction of the first',
  source:
    'Smith and Topin, “Super-convergence: very fast training of neural networks using large learning rates”, 2018',
  options: z.strictObject({
    warmupShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .meta({ description: 'share of the run in which the learning rate rises' }),
    startDivision: z
      .number()
      .min(1)
      .max(1e9)
      .default(25)
      .meta({ description: 'the first learning rate is the full one divided by this' }),
    endDivision: z
      .number()
      .min(1)
      .max(1e9)
      .default(1e4)
      .meta({ description: 'the last learning rate is the first one divided by this' }),
    annealing: z.enum(annealingNames).default('cosine').meta({ description: 'how it rises and falls' }),
  }),
  build({ warmupShare, startDivision, endDivision, annealing: name }) {
    const anneal = annealing[name];
    const first = 1 / startDivision;
    const last = first / endDivision;
    return {
      factorAt(step, { steps }) {
        const peak = warmupShare * steps - 1;
        // A rise that would end before the first step, or with it, leaves the fall alone.
        if (step <= peak) return peak > 0 ? anneal(first, 1, step / peak) : 1;
        return anneal(1, last, (step - peak) / (steps - 1 - peak));
      },
    };
  },
});
