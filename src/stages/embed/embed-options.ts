import { z } from 'zod';

import { mapNames } from '../../evaluation/embedding/map-names.js';
import { modelStageOptions } from '../../engine/backends/options.js';
import { seedOption, otherDatasetOption } from '../../core/config/common-options.js';

/** The splits whose images can be embedded. */
const embedSplits = ['test', 'validation', 'training'] as const;

/** The options of `embed`, beside the checkpoint. */
export const embedFields = z.strictObject({
  split: z.enum(embedSplits).default('test').meta({ description: 'split to embed' }),
  dataset: otherDatasetOption,
  output: z
    .string()
    .regex(/\.(npy|csv)$/)
    .optional()
    .meta({
      description: 'output file; without it, in the run’s folder',
      placeholder: 'FILE',
      allowed: 'a file name that ends in .npy or .csv',
    }),
  maps: z
    .array(z.enum(mapNames))
    .default([...mapNames])
    .meta({ description: '2-D projections to draw beside the output', placeholder: 'NAME,…' }),
  mapImages: z
    .int()
    .min(3)
    .max(20_000)
    .default(2000)
    .meta({
      description: 'images per projection; UMAP takes seconds per thousand',
      onlyWith: { options: ['maps'] },
    }),
  seed: seedOption,
  ...modelStageOptions,
});

export type EmbedOptions = z.output<typeof embedFields>;
