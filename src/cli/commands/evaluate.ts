import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { evaluate } from '../../stages/evaluate.js';
import { evaluateFields } from '../../stages/evaluate-options.js';
import { evaluationText } from '../../terminal/evaluation.js';
import { commonFields, defineCommand } from '../command.js';

export const evaluateCommand = defineCommand({
  summary: 'measure a checkpoint on a split of a data set (also: mnist-eval)',
  positionals: [
    {
      name: 'checkpoint',
      description: 'a checkpoint file, a run’s folder or name, or "latest"',
      required: true,
    },
  ],
  space: { fields: z.strictObject({ ...commonFields.shape, ...evaluateFields.shape }), choices: {} },
  examples: [
    ['mnist-eval latest', 'the best checkpoint of the latest run, on the test images'],
    ['mnist-eval latest --split validation', 'on the images held back from training'],
    ['mnist-eval latest --compare my-run', 'is it better than another one, or was that chance?'],
    ['mnist-eval latest --robustness --mistakes 30', 'under noise, rotation, shift, blur; what went wrong'],
    ['mnist-eval my-run --min-accuracy 0.975 --json', 'in CI: fails with exit code 5 below 97.5 %'],
  ],
  async run({ positionals, options, context }) {
    const evaluation = await evaluate(positionals[0] ?? '', options, context);
    const { accuracy, split } = evaluation;
    const { minAccuracy } = options;
    const isMet = minAccuracy === undefined || accuracy >= minAccuracy;
    return {
      data: evaluation,
      text: (style) => evaluationText(evaluation, style),
      failure: isMet
        ? undefined
        : new ToolkitError('QUALITY_GATE_NOT_MET', { accuracy, minimum: minAccuracy, split }),
    };
  },
});
