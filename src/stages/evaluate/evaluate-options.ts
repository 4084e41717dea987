import { z } from 'zod';

import { backendOptions } from '../../engine/backends/options.js';
import {
  checkpointsDirOption,
  dataDirOption,
  datasetOption,
  seedOption,
  testTimeAugmentationOption,
} from '../../core/config/common-options.js';
import { splitNames } from '../../evaluation/evaluation.js';

/** The options of `evaluate`, beside the checkpoint. */
export const evaluateFields = z.strictObject({
  split: z.enum(splitNames).default('test').meta({ description: 'which images are classified' }),
  dataset: datasetOption
    .unwrap()
    .optional()
    .meta({ description: 'data set, by name; else the one that the model was trained on' }),
  minAccuracy: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'fail (exit code 5) if the accuracy is lower', placeholder: 'X' }),
  ensemble: z
    .boolean()
    .default(false)
    .meta({ description: 'take several checkpoints together, by the mean of their probabilities' }),
  testTimeAugmentation: testTimeAugmentationOption,
  resamples: z.int().min(0).max(100_000).default(1000).meta({
    description: 'how often images are drawn anew for confidence intervals; 0 leaves the intervals out',
  }),
  compare: z.string().min(1).optional().meta({
    description: 'another checkpoint to compare with on the same images, by McNemar’s test',
    placeholder: 'CHECKPOINT',
  }),
  robustness: z
    .boolean()
    .default(false)
    .meta({ description: 'measure the accuracy under noise, rotation, shift and blur too' }),
  mistakes: z.int().min(0).max(10_000).optional().meta({
    description:
      'how many of the most confident mistakes are listed, and drawn in a contact sheet; a report in HTML has 24 of its own accord',
  }),
  report: z.string().min(1).optional().meta({
    description: 'where the report goes: .html for people, else JSON; without it, JSON into the run’s folder',
    placeholder: 'FILE',
  }),
  seed: seedOption,
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...backendOptions,
});

export type EvaluateOptions = z.output<typeof evaluateFields>;
