import { deploy } from '../../stages/deploy/deploy.js';
import { deploySpace } from '../../stages/deploy/deploy-options.js';
import { deploymentText } from '../terminal/results/deployment.js';
import { checkpointPositional, defineCommand, withCommonOptions } from '../command.js';

export const deployCommand = defineCommand({
  summary: 'deploy a checkpoint: registry, ONNX, TFLite, web, Docker',
  positionals: [checkpointPositional],
  space: withCommonOptions(deploySpace.fields, deploySpace.choices),
  examples: [
    ['mnist deploy latest', 'a new version in the model registry, as candidate'],
    ['mnist deploy my-run --min-accuracy 0.975', 'refuse with exit code 5 if test accuracy is below 97.5 %'],
    ['mnist deploy latest --to onnx --output digits', 'an ONNX model with preprocessing'],
  ],
  async run({ positionals, options, context }) {
    const deployment = await deploy(positionals[0] ?? '', options, context);
    return { data: deployment, text: (style) => deploymentText(deployment, style) };
  },
});
