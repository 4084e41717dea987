import { z } from 'zod';

import { modelStageOptions } from '../../engine/backends/options.js';

/** The options of `calibrate`, beside the checkpoint. */
export const calibrateFields = z.strictObject({
  targetAccuracy: z.number().min(0).max(1).optional().meta({
    description: 'send to a person only as many images as needed to reach this accuracy in every class',
    placeholder: 'X',
  }),
  thresholds: z.array(z.number().min(0).max(1)).default([]).meta({
    description: 'lowest probability to accept a prediction: one for all classes, or one per class in order',
  }),
  targetRecall: z.array(z.string()).default([]).meta({
    description: 'find at least this share of the images of a class, at the cost of false alarms: bad=0.99',
    allowed: 'a list of class=recall, each recall a number above 0 to 1',
    placeholder: 'CLASS=X,…',
  }),
  costs: z.string().min(1).optional().meta({
    description: 'JSON file with the cost matrix: rows = actual, columns = predicted',
    placeholder: 'FILE',
  }),
  abstentionCost: z.number().min(0).optional().meta({
    description: 'cost of sending an image to a person (an error costs 1, or as in --costs)',
    placeholder: 'X',
  }),
  ...modelStageOptions,
});

export type CalibrateOptions = z.output<typeof calibrateFields>;
