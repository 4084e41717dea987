import { z } from 'zod';

import { dimensionSchema } from './space.js';

const strategyNames = ['random', 'successive-halving', 'hyperband'] as const;
const metricNames = ['accuracy', 'loss'] as const;

/** The validation metric that ranks trials: the highest accuracy, or the lowest loss. */
export type MetricName = (typeof metricNames)[number];

/** The section `search` of a configuration file. */
export const searchSettingsSchema = z
  .strictObject({
    strategy: z.enum(strategyNames).default('random'),
    /** The number of trials; Hyperband computes it. */
    trials: z.int().min(1).max(10_000).optional(),
    /** The fewest epochs of a trial: those of the first rung. */
    minEpochs: z.int().min(1).default(1),
    /** The epochs of a surviving trial; by default the option `epochs`. */
    maxEpochs: z.int().min(1).max(100_000).optional(),
    /** η: one in η trials survives a rung. */
    reductionFactor: z.int().min(2).max(100).default(3),
    metric: z.enum(metricNames).default('accuracy'),
    /** The seed for drawing configurations; training has its own option `seed`. */
    seed: z.int().min(0).default(1),
    space: z
      .record(z.string(), dimensionSchema)
      .refine((space) => Object.keys(space).length > 0, 'it names no option'),
  })
  .refine(({ strategy, trials }) => strategy === 'hyperband' || trials !== undefined, {
    path: ['trials'],
    message: 'set the number of trials',
  })
  .refine(({ strategy, trials }) => strategy !== 'hyperband' || trials === undefined, {
    path: ['trials'],
    message: 'hyperband computes the number of trials from the epochs and the reduction factor',
  });

/** The settings of a search, with `maxEpochs` resolved. */
export type SearchSettings = z.output<typeof searchSettingsSchema> & { maxEpochs: number };
