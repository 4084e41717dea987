import { z } from 'zod';

import { MODEL_NAME } from '../../artifacts/model-registry.js';
import type { Chosen } from '../../core/config/resolve.js';
import { targets } from '../../deployment/targets/index.js';
import { backendOptions } from '../../engine/backends/options.js';
import { checkpointsDirOption, dataDirOption, registryDirOption } from '../../core/config/common-options.js';

/** The options of `deploy`, beside the checkpoint and the target with its own. */
export const deployFields = z.strictObject({
  name: z.string().regex(MODEL_NAME).optional().meta({
    description: 'what the model is called in the registry; else as its data set',
    allowed: 'a name of small letters, digits, dots, dashes and underscores',
  }),
  output: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'folder to write; else deployments/RUN-TARGET', placeholder: 'FOLDER' }),
  minAccuracy: z.number().min(0).max(1).optional().meta({
    description: 'deploy nothing (exit code 5) if the accuracy on the test images is lower',
    placeholder: 'X',
  }),
  registryDir: registryDirOption,
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...backendOptions,
});

export const deploySpace = {
  fields: deployFields,
  choices: {
    to: { registry: targets, fallback: 'registry', description: 'what the model is deployed to' },
  },
};

type RegisteredTarget = typeof targets extends Iterable<infer Entry> ? Entry : never;

/** The options of `deploy`: those of the target are in `to`. */
export type DeployOptions = Readonly<z.output<typeof deployFields> & { to: Chosen<RegisteredTarget> }>;
