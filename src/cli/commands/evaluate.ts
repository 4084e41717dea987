import { ToolkitError } from '../../core/errors.js';
import { flattenEvaluation } from '../../evaluation/evaluation.js';
import { qualityFailure } from '../../evaluation/quality-gate.js';
import { evaluate, evaluateEnsemble } from '../../stages/evaluate/evaluate.js';
import { evaluateSpace } from '../../stages/evaluate/evaluate-options.js';
import { evaluationText } from '../terminal/results/evaluation.js';
import { defineCommand, withCommonOptions } from '../command.js';

export const evaluateCommand = defineCommand({
  summary: 'evaluate a checkpoint (also: mnist-eval)',
  positionals: [
    {
      name: 'checkpoint',
      description: 'checkpoint file, run folder, run name or "latest"; several with --ensemble',
      required: true,
      variadic: true,
      kind: 'checkpoint',
    },
  ],
  space: withCommonOptions(evaluateSpace.fields, evaluateSpace.choices),
  examples: [
    ['mnist-eval latest', 'best checkpoint of the latest run, on the test split'],
    ['mnist-eval latest --split validation', 'on the validation split'],
    ['mnist-eval latest --compare my-run', 'is the difference to another run significant?'],
    [
      'mnist-eval latest --robustness --mistakes 30',
      'accuracy under corruptions, and the 30 most confident mistakes',
    ],
    ['mnist-eval latest --metric ./metric.mjs', 'with a metric of your own (docs/plugins.md)'],
    ['mnist-eval first second third --ensemble', 'three runs as an ensemble'],
    ['mnist-eval latest --test-time-augmentation', 'averaged over augmented views of each image'],
    ['mnist-eval my-run --min-accuracy 0.975 --json', 'in CI: exit code 5 below 97.5 %'],
  ],
  async run({ positionals, options, context }) {
    const evaluation = options.ensemble
      ? await evaluateEnsemble(positionals, options, context)
      : await evaluate(onlyOne(positionals), options, context);
    const { accuracy } = evaluation.metrics;
    const { split } = evaluation.subject;
    return {
      data: flattenEvaluation(evaluation),
      text: (style) => evaluationText(evaluation, style),
      failure: qualityFailure(accuracy, options.minAccuracy, split),
    };
  },
});

/** The only checkpoint given. Throws USAGE for several. */
function onlyOne([name = '', ...others]: readonly string[]): string {
  if (others.length === 0) return name;
  throw new ToolkitError('USAGE', {
    message: `${1 + others.length} checkpoints given, but only one is evaluated at a time`,
    hint: 'add --ensemble to evaluate them together, or use --compare for two',
  });
}
