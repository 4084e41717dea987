import { z } from 'zod';

/** Options shared by several stages. */

export const datasetOption = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .default('mnist')
  .meta({
    description: 'data set name',
    allowed: 'lowercase letters, digits, dots, dashes and underscores',
  });

/** Overrides the training data set. */
export const otherDatasetOption = datasetOption
  .unwrap()
  .optional()
  .meta({ description: 'data set to use; default: the training data set' });

export const dataDirOption = z
  .string()
  .min(1)
  .default('data')
  .meta({ description: 'folder of the data sets', placeholder: 'FOLDER' });

export const checkpointsDirOption = z
  .string()
  .min(1)
  .default('checkpoints')
  .meta({ description: 'folder of the training runs', placeholder: 'FOLDER' });

export const seedOption = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
  .default(1)
  .meta({ description: 'random seed' });

export const registryDirOption = z
  .string()
  .min(1)
  .default('models')
  .meta({ description: 'folder of the model registry', placeholder: 'FOLDER' });

/** The private key of whoever signs. */
export const signKeyOption = z
  .string()
  .min(1)
  .optional()
  .meta({ description: 'private key (PEM) to sign with', placeholder: 'FILE' });

/** What a registry must have, whoever may write to it. */
export const policyOption = z.string().min(1).optional().meta({
  description: 'trusted copy of the registry’s policy: refuse a registry without it, or with an older one',
  placeholder: 'FILE',
});

export const testTimeAugmentationOption = z.boolean().default(false).meta({
  description: 'average the probabilities over shifted, rotated and scaled views of each image',
});

/** What is loaded before a command begins: its code runs with all rights of this process. */
export const pluginOptions = {
  plugin: z.array(z.string().min(1)).default([]).meta({
    description: 'files or packages of plug-ins: models, optimizers and other parts of your own',
    placeholder: 'FILE,…',
  }),
  allowChangedPlugins: z.boolean().default(false).meta({
    description: 'accept plug-ins that have changed since a checkpoint was made',
  }),
};
