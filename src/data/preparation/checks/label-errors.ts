import { findLabelErrors } from '../cleaning/confident-learning.js';
import { defineCheck, type CheckInput, type Finding, type SplitName } from './check.js';

/** Labels that are probably wrong, by confident learning from cross-validated predictions. */
export const labelErrorsCheck = defineCheck({
  name: 'label-errors',
  summary: 'likely label errors, by confident learning',
  source: 'Northcutt, Jiang and Chuang, “Confident learning: estimating uncertainty in dataset labels”, 2021',
  modes: ['off', 'report', 'drop', 'fix'],
  fallback: 'off',
  needsBackend: () => true,
  async run(input) {
    const predictions = await input.predictions();
    return (['train', 'test'] as const).flatMap((split) =>
      suspectsOf(input, split, predictions[split], predictions.classes),
    );
  },
});

function suspectsOf(
  input: CheckInput,
  split: SplitName,
  probabilities: Float32Array,
  classes: number,
): Finding[] {
  const { labels } = input[split];
  const usable = Int32Array.from(labels.keys()).filter(
    (index) => labels[index]! < classes && !input.isDropped({ split, index }),
  );
  const { suspects, estimatedErrors } = findLabelErrors(probabilities, labels, classes, usable);
  return suspects.map(({ index, given, suggested, selfConfidence, confidence, isConfident }, rank) => {
    const [is, rather] = [given, suggested].map((label) => input.classNames[label]!);
    const reason = `labelled ${is}, looks like ${rather} (${percent(confidence)} against ${percent(selfConfidence)})`;
    // A published test stays as it is; and of the suspects, only so many labels are probably wrong.
    const droppable = split === 'train' && rank < estimatedErrors;
    const fix = droppable && isConfident ? { label: suggested } : {};
    return { split, index, reason, score: selfConfidence, droppable, ...fix };
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
