import { z } from 'zod';
import { datasetOption, dataDirOption, seedOption } from '../../core/config/common-options.js';
import { scalingNames } from '../../data/preparation/scaling.js';
import { shardingOptions } from '../../data/preparation/sharding-options.js';
import { cleaningOptions } from '../../data/preparation/cleaning/cleaning-options.js';
import { backendOptions } from '../../engine/backends/options.js';

/** The options of `preprocess`. */
export const preprocessFields = z.strictObject({
  dataset: datasetOption,
  dataDir: dataDirOption,
  scaling: z
    .enum(scalingNames)
    .default('standardize')
    .meta({ description: 'pixel scaling: to 0…1, to −1…1, or to mean 0 and standard deviation 1' }),
  validationSplit: z.number().min(0).max(0.9).optional().meta({
    description:
      'share of the training images held out for validation; without it, the source’s own split or 0.1',
  }),
  classes: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({ description: 'keep only these classes, by name, number or range (0-4)', placeholder: 'CLASS,…' }),
  imagesPerClass: z.int().min(1).optional().meta({ description: 'keep N training images per class' }),
  as: datasetOption.unwrap().optional().meta({
    description: 'save the selection of --classes and --images-per-class as a new data set',
    placeholder: 'NAME',
  }),
  seed: seedOption,
  ...shardingOptions,
  ...cleaningOptions,
  ...backendOptions,
});

export type PreprocessOptions = z.output<typeof preprocessFields>;
