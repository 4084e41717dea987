import { z } from 'zod';

import { modelStageOptions } from '../../engine/backends/options.js';
import {
  seedOption,
  testTimeAugmentationOption,
  otherDatasetOption,
} from '../../core/config/common-options.js';
import type { ChosenFrom } from '../../core/config/resolve.js';
import { splitNames } from '../../evaluation/evaluation.js';
import { metrics } from '../../evaluation/own/index.js';

/** The options of `evaluate`, beside the checkpoint. */
export const evaluateFields = z.strictObject({
  split: z.enum(splitNames).default('test').meta({ description: 'split to evaluate' }),
  dataset: otherDatasetOption,
  minAccuracy: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'fail with exit code 5 if accuracy is lower', placeholder: 'X' }),
  ensemble: z
    .boolean()
    .default(false)
    .meta({ description: 'evaluate several checkpoints as an ensemble (mean of their probabilities)' }),
  testTimeAugmentation: testTimeAugmentationOption,
  resamples: z.int().min(0).max(100_000).default(1000).meta({
    description: 'bootstrap resamples for confidence intervals; 0: no intervals',
  }),
  compare: z.string().min(1).optional().meta({
    description: 'compare with another checkpoint by McNemar’s test',
    placeholder: 'CHECKPOINT',
  }),
  robustness: z
    .boolean()
    .default(false)
    .meta({ description: 'also measure accuracy under noise, rotation, shift and blur' }),
  mistakes: z.int().min(0).max(10_000).optional().meta({
    description:
      'list the N most confident mistakes and draw them on a contact sheet; an HTML report shows 24 without it',
  }),
  report: z.string().min(1).optional().meta({
    description:
      'report file: HTML if it ends in .html, otherwise JSON; without it, JSON in the run’s folder',
    placeholder: 'FILE',
  }),
  imagesPerCell: z
    .int()
    .min(0)
    .max(100)
    .default(12)
    .meta({
      description: 'images that an HTML report shows for a cell of the confusion matrix; 0: none',
      onlyWith: { options: ['report'] },
    }),
  seed: seedOption,
  ...modelStageOptions,
});

/** The options of `evaluate`, and the metric with its own. */
export const evaluateSpace = {
  fields: evaluateFields,
  choices: {
    metric: {
      registry: metrics,
      fallback: 'none',
      description: 'a metric of your own, beside those that are always measured',
    },
  },
};

export type EvaluateOptions = Readonly<
  z.output<typeof evaluateFields> & { metric?: ChosenFrom<typeof metrics> | undefined }
>;
