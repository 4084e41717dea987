import { z } from 'zod';

import { deploy } from '../../stages/deploy/deploy.js';
import { deployFields, deploySpace } from '../../stages/deploy/deploy-options.js';
import { deploymentText } from '../terminal/results/deployment.js';
import { checkpointPositional, commonFields, defineCommand } from '../command.js';

export const deployCommand = defineCommand({
  summary: 'put a checkpoint into a form in which it is used: registry, ONNX, SavedModel, …',
  positionals: [checkpointPositional],
  space: {
    fields: z.strictObject({ ...commonFields.shape, ...deployFields.shape }),
    choices: deploySpace.choices,
  },
  examples: [
    ['mnist deploy latest', 'a new version in the registry of models, as its candidate'],
    ['mnist deploy my-run --min-accuracy 0.975', 'the same, but nothing (exit code 5) below 97.5 %'],
    ['mnist deploy latest --to onnx --output digits', 'for ONNX Runtime, preprocessing included'],
  ],
  async run({ positionals, options, context }) {
    const deployment = await deploy(positionals[0] ?? '', options, context);
    return { data: deployment, text: (style) => deploymentText(deployment, style) };
  },
});
