import { z } from 'zod';

import { MODEL_NAME } from '../../artifacts/model-registry.js';
import type { OnlyWith } from '../../core/config/fields.js';
import type { Resolved } from '../../core/config/resolve.js';
import { targets } from '../../deployment/targets/index.js';
import type { TargetDefinition } from '../../deployment/targets/target.js';
import { modelStageOptions } from '../../engine/backends/options.js';
import { registryDirOption, signKeyOption } from '../../core/config/common-options.js';

/** Goes with the targets that have a destination. */
function targetsFor(destination: TargetDefinition['destination']): OnlyWith {
  const values = [...targets].filter((target) => target.destination === destination);
  const options = ['to'];
  // A target of one's own writes a folder.
  const orPluginOf = destination === 'folder' ? { orPluginOf: 'to' } : {};
  return { options, values: values.map(({ name }) => name), ...orPluginOf };
}

/** The options of `deploy`, beside the checkpoint and the target with its own. */
export const deployFields = z.strictObject({
  name: z
    .string()
    .regex(MODEL_NAME)
    .optional()
    .meta({
      description: 'name of the model in the registry; without it, that of the data set',
      allowed: 'lowercase letters, digits, dots, dashes and underscores',
      onlyWith: targetsFor('registry'),
    }),
  output: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: 'output folder; without it, deployments/RUN-TARGET',
      placeholder: 'FOLDER',
      onlyWith: targetsFor('folder'),
    }),
  minAccuracy: z.number().min(0).max(1).optional().meta({
    description: 'refuse with exit code 5 if test accuracy is lower',
    placeholder: 'X',
  }),
  signKey: signKeyOption.meta({
    description: 'sign the result with this private key (PEM; P-256 or P-384)',
    placeholder: 'FILE',
  }),
  registryDir: registryDirOption,
  ...modelStageOptions,
});

export const deploySpace = {
  fields: deployFields,
  choices: {
    to: { registry: targets, fallback: 'registry', description: 'deployment target' },
  },
};

/** The options of `deploy`: those of the target are in `to`. */
export type DeployOptions = Resolved<typeof deploySpace>;
