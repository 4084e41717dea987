import { z } from 'zod';

import type { Resolved } from '../../core/config/resolve.js';
import { explainers } from '../../evaluation/explanation/index.js';
import { modelStageOptions } from '../../engine/backends/options.js';
import { seedOption, otherDatasetOption } from '../../core/config/common-options.js';
import { prepareOption } from '../predict/predict-options.js';
import { splitNames } from '../../evaluation/evaluation.js';

/** The options of `explain`, beside the checkpoint, the pictures and the method with its own. */
export const explainFields = z.strictObject({
  index: z
    .array(z.int().min(0))
    .default([])
    .meta({ description: 'images of the data set to explain, by index' }),
  split: z
    .enum(splitNames)
    .default('test')
    .meta({
      description: 'split that --index refers to; training and validation share one numbering',
      onlyWith: { options: ['index'] },
    }),
  dataset: otherDatasetOption.meta({ ...otherDatasetOption.meta(), onlyWith: { options: ['index'] } }),
  class: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'class to explain; without it, the predicted class' }),
  output: z.string().min(1).optional().meta({
    description: 'folder for the heat maps; without it, a folder inside the run’s',
    placeholder: 'FOLDER',
  }),
  prepare: prepareOption,
  seed: seedOption,
  ...modelStageOptions,
});

export const explainSpace = {
  fields: explainFields,
  choices: {
    method: {
      registry: explainers,
      fallback: 'integrated-gradients',
      description: 'explanation method',
    },
  },
};

/** The options of `explain`: those of the method are in `method`. */
export type ExplainOptions = Resolved<typeof explainSpace>;
