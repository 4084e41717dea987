import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { evaluate, type Evaluation } from '../../stages/evaluate.js';
import { evaluateEnsemble, type EnsembleEvaluation } from '../../stages/evaluate-ensemble.js';
import { evaluateFields, type EvaluateOptions } from '../../stages/evaluate-options.js';
import { ensembleText } from '../../terminal/ensemble.js';
import { evaluationText } from '../../terminal/evaluation.js';
import type { Style } from '../../terminal/style.js';
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
    ['mnist-eval my-run --min-accuracy 0.975 --json', 'in CI: fails with exit code 5 below 97.5 %'],
  ],
  async run({ positionals, options, context }) {
    const { data, text } = await (options.ensemble ? measureTogether : measureOne)(
      positionals,
      options,
      context,
    );
    const { accuracy, split } = data;
    const { minAccuracy } = options;
    const isMet = minAccuracy === undefined || accuracy >= minAccuracy;
    return {
      data,
      text,
      failure: isMet
        ? undefined
        : new ToolkitError('QUALITY_GATE_NOT_MET', { accuracy, minimum: minAccuracy, split }),
    };
  },
});

interface Shown<Data> {
  data: Data;
  text: (style: Style) => string;
}

async function measureOne(
  [name = '', ...others]: readonly string[],
  options: EvaluateOptions,
  context: StageContext,
): Promise<Shown<Evaluation>> {
  if (others.length > 0) {
    throw new ToolkitError('USAGE', {
      message: `${1 + others.length} checkpoints were named, and one is measured at a time`,
      hint: 'add --ensemble to take them together, or compare two with --compare',
    });
  }
  const data = await evaluate(name, options, context);
  return { data, text: (style) => evaluationText(data, style) };
}

async function measureTogether(
  names: readonly string[],
  options: EvaluateOptions,
  context: StageContext,
): Promise<Shown<EnsembleEvaluation>> {
  const data = await evaluateEnsemble(names, options, context);
  return { data, text: (style) => ensembleText(data, style) };
}
