import { z } from 'zod';

import { mapNames } from '../../evaluation/embedding/map-names.js';
import { backendOptions } from '../../engine/backends/options.js';
import {
  checkpointsDirOption,
  dataDirOption,
  datasetOption,
  seedOption,
} from '../../core/config/common-options.js';

/** The splits whose images can be embedded. */
const embedSplits = ['test', 'validation', 'training'] as const;

/** The options of `embed`, beside the checkpoint. */
export const embedFields = z.strictObject({
  split: z.enum(embedSplits).default('test').meta({ description: 'which images are embedded' }),
  dataset: datasetOption
    .unwrap()
    .optional()
    .meta({ description: 'data set, by name; else the one that the model was trained on' }),
  output: z
    .string()
    .regex(/\.(npy|csv)$/)
    .optional()
    .meta({
      description: 'where the embeddings go; else into the run’s folder',
      placeholder: 'FILE',
      allowed: 'a file name that ends in .npy or .csv',
    }),
  maps: z
    .array(z.enum(mapNames))
    .default([...mapNames])
    .meta({ description: 'pictures of the embeddings in a plane, beside the output', placeholder: 'NAME,…' }),
  mapImages: z
    .int()
    .min(3)
    .max(20_000)
    .default(2000)
    .meta({ description: 'how many images are on a picture; UMAP takes seconds for each thousand' }),
  seed: seedOption,
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...backendOptions,
});

export type EmbedOptions = z.output<typeof embedFields>;
