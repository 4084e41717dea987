import { z } from 'zod';

import type { Chosen } from '../../core/config/resolve.js';
import { explainers } from '../../evaluation/explanation/index.js';
import { backendOptions } from '../../engine/backends/options.js';
import {
  checkpointsDirOption,
  dataDirOption,
  datasetOption,
  seedOption,
} from '../../core/config/common-options.js';
import { prepareOption } from '../predict/predict-options.js';
import { splitNames } from '../../evaluation/evaluation.js';

/** The options of `explain`, beside the checkpoint, the pictures and the method with its own. */
export const explainFields = z.strictObject({
  index: z
    .array(z.int().min(0))
    .default([])
    .meta({ description: 'images of the data set that are explained too, by their positions' }),
  split: z
    .enum(splitNames)
    .default('test')
    .meta({ description: 'where the positions are: test has a file of its own, the others share one' }),
  dataset: datasetOption
    .unwrap()
    .optional()
    .meta({ description: 'data set, by name; else the one that the model was trained on' }),
  class: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'the class that is asked about; else the likeliest' }),
  output: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'folder for the pictures; else in the run’s folder', placeholder: 'FOLDER' }),
  prepare: prepareOption,
  seed: seedOption,
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...backendOptions,
});

export const explainSpace = {
  fields: explainFields,
  choices: {
    method: {
      registry: explainers,
      fallback: 'integrated-gradients',
      description: 'how it is explained',
    },
  },
};

type RegisteredExplainer = typeof explainers extends Iterable<infer Entry> ? Entry : never;

/** The options of `explain`: those of the method are in `method`. */
export type ExplainOptions = Readonly<
  z.output<typeof explainFields> & { method: Chosen<RegisteredExplainer> }
>;
