import { z } from 'zod';

import { checkpointsDirOption, registryDirOption } from '../../core/config/common-options.js';

/** The options of `runs compare`. */
export const compareRunsFields = z.strictObject({
  plot: z.string().min(1).optional().meta({
    description: 'compare: where the curves go as a picture, .svg or .png',
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
    .meta({ description: 'prune: all but the best N of each data set, by validation accuracy' }),
  olderThan: z.number().min(0).optional().meta({
    description: 'prune: what was last trained more than so many days ago',
    placeholder: 'DAYS',
  }),
  failed: z
    .boolean()
    .default(false)
    .meta({ description: 'prune: what is damaged, or has not finished a single epoch' }),
  yes: z.boolean().default(false).meta({ description: 'prune: remove, and do not only say what would go' }),
  registryDir: registryDirOption,
  checkpointsDir: checkpointsDirOption,
});

export type CompareRunsOptions = z.output<typeof compareRunsFields>;
export type PruneRunsOptions = z.output<typeof pruneRunsFields>;
