import { z } from 'zod';

import { defineSchedule, type Schedule } from './schedule.js';

/** Interpolates between two values; `share` is from 0 to 1. */
const annealing = {
  cosine: (from: number, to: number, share: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share)),
  linear: (from: number, to: number, share: number) => from + (to - from) * share,
};

const annealingNames = Object.keys(annealing) as (keyof typeof annealing)[];

const momentumOption = (fallback: number, description: string): z.ZodDefault<z.ZodNumber> =>
  z
    .number()
    .min(0)
    .lt(1)
    .default(fallback)
    .meta({ description, onlyWith: { options: ['cycleMomentum'] } });

/**
 * Warms up from a small learning rate to the full one, then anneals to a much smaller one. The phases end at the same steps as in
 * PyTorch's `OneCycleLR`; unlike there, `cycleMomentum`, which cycles the momentum inversely, is off by default.
 */
export const oneCycle = defineSchedule({
  name: 'one-cycle',
  summary: 'one-cycle: warm-up to the learning rate, then annealing far below the start',
  source:
    'Smith and Topin, “Super-convergence: very fast training of neural networks using large learning rates”, 2018',
  options: z.strictObject({
    warmupShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .meta({ description: 'share of the run spent in warm-up' }),
    startDivision: z
      .number()
      .min(1)
      .max(1e9)
      .default(25)
      .meta({ description: 'start at the learning rate divided by this' }),
    endDivision: z
      .number()
      .min(1)
      .max(1e9)
      .default(1e4)
      .meta({ description: 'end at the initial learning rate divided by this' }),
    cycleMomentum: z.boolean().default(false).meta({
      description: 'cycle the momentum (Adam’s beta1) inversely to the learning rate',
    }),
    baseMomentum: momentumOption(0.85, 'momentum at the peak learning rate, with --cycle-momentum'),
    maxMomentum: momentumOption(0.95, 'momentum at the start and end, with --cycle-momentum'),
    annealing: z
      .enum(annealingNames)
      .default('cosine')
      .meta({ description: 'shape of warm-up and annealing' }),
  }),
  build({
    warmupShare,
    startDivision,
    endDivision,
    cycleMomentum,
    baseMomentum,
    maxMomentum,
    annealing: name,
  }) {
    const anneal = annealing[name];
    const cycle =
      (first: number, full: number, last: number): Schedule['factorAt'] =>
      (step, { steps }) => {
        const peak = warmupShare * steps - 1;
        // A warm-up that ends at or before the first step is skipped.
        if (step <= peak) return peak > 0 ? anneal(first, full, step / peak) : full;
        return anneal(full, last, (step - peak) / (steps - 1 - peak));
      };
    const first = 1 / startDivision;
    return {
      factorAt: cycle(first, 1, first / endDivision),
      ...(cycleMomentum && { momentumAt: cycle(maxMomentum, baseMomentum, maxMomentum) }),
    };
  },
});
