import { z } from 'zod';

/** The options that several stages share. */

export const datasetOption = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .default('mnist')
  .meta({
    description: 'data set, by name',
    allowed: 'a name of small letters, digits, dots, dashes and underscores',
  });

export const dataDirOption = z
  .string()
  .min(1)
  .default('data')
  .meta({ description: 'where data sets are kept', placeholder: 'FOLDER' });

export const checkpointsDirOption = z
  .string()
  .min(1)
  .default('checkpoints')
  .meta({ description: 'where runs are kept', placeholder: 'FOLDER' });

export const seedOption = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
  .default(1)
  .meta({ description: 'where all random numbers come from' });

export const registryDirOption = z
  .string()
  .min(1)
  .default('models')
  .meta({ description: 'where the registry of models is kept', placeholder: 'FOLDER' });

export const testTimeAugmentationOption = z.boolean().default(false).meta({
  description:
    'classify each image moved, turned and scaled a little as well, by the mean of the probabilities',
});
