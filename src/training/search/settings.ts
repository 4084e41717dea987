import { z } from 'zod';

import { dimensionSchema } from './space.js';

const strategyNames = ['random', 'successive-halving', 'hyperband'] as const;
const metricNames = ['accuracy', 'loss'] as const;

/** What is judged on the validation split: the highest accuracy, or the lowest loss. */
export type MetricName = (typeof metricNames)[number];

/** The section `search` of a configuration file. */
export const searchSettingsSchema = z
  .strictObject({
    strategy: z.enum(strategyNames).default('random'),
    /** How many configurations are tried; Hyperband says that itself. */
    trials: z.int().min(1).max(10_000).optional(),
    /** What a trial gets before it is judged for the first time. */
    minEpochs: z.int().min(1).default(1),
    /** What a trial gets that survives to the end; left out, the option `epochs`. */
    maxEpochs: z.int().min(1).max(100_000).optional(),
    /** Of so many trials one survives. */
    reductionFactor: z.int().min(2).max(100).default(3),
    metric: z.enum(metricNames).default('accuracy'),
    /** Where the configurations are drawn from; the runs have the option `seed`. */
    seed: z.int().min(0).default(1),
    space: z
      .record(z.string(), dimensionSchema)
      .refine((space) => Object.keys(space).length > 0, 'it names no option'),
  })
  .refine(({ strategy, trials }) => strategy === 'hyperband' || trials !== undefined, {
    path: ['trials'],
    message: 'say how many configurations are tried',
  })
  .refine(({ strategy, trials }) => strategy !== 'hyperband' || trials === undefined, {
    path: ['trials'],
    message: 'hyperband finds their number itself, from the epochs and the reduction factor',
  });

/** How a search is done; `maxEpochs` has been settled. */
export type SearchSettings = z.output<typeof searchSettingsSchema> & { maxEpochs: number };
