import { z } from 'zod';

import { augmentationFields } from '../../models/augmentation/options.js';
import { dataDirOption, datasetOption, seedOption } from '../../core/config/common-options.js';

/** The options of `showDataset`, apart from what reads and draws images, so that help loads neither. */
export const showDatasetFields = z.strictObject({
  dataset: datasetOption.unwrap().optional().meta({ description: 'data set to show' }),
  card: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'write a data card as a self-contained HTML page', placeholder: 'FILE' }),
  contactSheet: z.string().min(1).optional().meta({
    description: 'write samples of each class to a PNG; with augmentation options, augmented copies',
    placeholder: 'FILE',
  }),
  ...augmentationFields,
  perClass: z
    .int()
    .min(1)
    .max(100)
    .default(12)
    .meta({
      description: 'samples per class on the card and the contact sheet',
      onlyWith: { options: ['card', 'contactSheet'] },
    }),
  seed: seedOption,
  dataDir: dataDirOption,
});

export type ShowDatasetOptions = z.output<typeof showDatasetFields>;
