import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { flattenEvaluation } from '../../evaluation/evaluation.js';
import { evaluate, evaluateEnsemble } from '../../stages/evaluate/evaluate.js';
import { evaluateFields } from '../../stages/evaluate/evaluate-options.js';
import { evaluationText } from '../terminal/results/evaluation.js';
import { commonFields, defineCommand } from '../command.js';

export const evaluateCommand = defineCommand({
  summary: 'measure a checkpoint on a split of a data set (also: mnist-eval)',
  positionals: [
    {
      name: 'checkpoint',
      description: 'a checkpoint file, a run’s folder or name, or "latest"; several with --ensemble',
      required: true,
      variadic: true,
    },
  ],
  space: { fields: z.strictObject({ ...commonFields.shape, ...evaluateFields.shape }), choices: {} },
  examples: [
    ['mnist-eval latest', 'the best checkpoint of the latest run, on the test images'],
    ['mnist-eval latest --split validation', 'on the images held back from training'],
    ['mnist-eval latest --compare my-run', 'is it better than another one, or was that chance?'],
    ['mnist-eval latest --robustness --mistakes 30', 'under noise, rotation, shift, blur; what went wrong'],
    ['mnist-eval first second third --ensemble', 'together, by the mean of their probabilities'],
    ['mnist-eval latest --test-time-augmentation', 'by the mean over views of each image'],
    ['mnist-eval my-run --min-accuracy 0.975 --json', 'in CI: fails with exit code 5 below 97.5 %'],
  ],
  async run({ positionals, options, context }) {
    const evaluation = options.ensemble
      ? await evaluateEnsemble(positionals, options, context)
      : await evaluate(onlyOne(positionals), options, context);
    const { accuracy } = evaluation.metrics;
    const { split } = evaluation.subject;
    const { minAccuracy } = options;
    const isMet = minAccuracy === undefined || accuracy >= minAccuracy;
    return {
      data: flattenEvaluation(evaluation),
      text: (style) => evaluationText(evaluation, style),
      failure: isMet
        ? undefined
        : new ToolkitError('QUALITY_GATE_NOT_MET', { accuracy, minimum: minAccuracy, split }),
    };
  },
});

/** The one checkpoint that was named. Throws USAGE where there are more. */
function onlyOne([name = '', ...others]: readonly string[]): string {
  if (others.length === 0) return name;
  throw new ToolkitError('USAGE', {
    message: `${1 + others.length} checkpoints were named, and one is measured at a time`,
    hint: 'add --ensemble to take them together, or compare two with --compare',
  });
}
