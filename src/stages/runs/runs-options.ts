import { z } from 'zod';

import { checkpointsDirOption, registryDirOption } from '../../core/config/common-options.js';

/** The options of `runs compare`. */
export const compareRunsFields = z.strictObject({
  plot: z.string().min(1).optional().meta({
    description: 'compare: file for the learning curves, .svg or .png',
    placeholder: 'FILE',
  }),
  checkpointsDir: checkpointsDirOption,
});

/** The options of `runs prune`: a run goes that fits all that are given. */
export const pruneRunsFields = z.strictObject({
  keep: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'prune: keep the N runs with the best validation accuracy per data set' }),
  olderThan: z.number().min(0).optional().meta({
    description: 'prune: runs last trained more than N days ago',
    placeholder: 'DAYS',
  }),
  failed: z
    .boolean()
    .default(false)
    .meta({ description: 'prune: damaged runs and runs without a finished epoch' }),
  yes: z.boolean().default(false).meta({ description: 'prune: delete the runs instead of listing them' }),
  registryDir: registryDirOption,
  checkpointsDir: checkpointsDirOption,
});

export type CompareRunsOptions = z.output<typeof compareRunsFields>;
export type PruneRunsOptions = z.output<typeof pruneRunsFields>;
