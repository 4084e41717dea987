import type { PrivacyAudit } from '../../../stages/audit/audit-privacy.js';
import { cleanDeep } from '../clean.js';
import { columns, count, percent } from '../format.js';
import type { Style } from '../style.js';

/** What a privacy audit found, for people. */
export function privacyAuditText(given: PrivacyAudit, { bold, dim }: Style): string {
  const { run, others, attack, replaced, added } = cleanDeep(given);
  const { truePositiveRate, interval } = attack;
  const found =
    truePositiveRate === null || interval === null
      ? `not measured: it takes 1,000 ${others} images, and there are ${count(attack.others)}`
      : `${bold(percent(truePositiveRate))} of training images found (95 % interval ${percent(interval.low)}–${percent(interval.high)}; by chance 0.10 %)`;
  const bound =
    replaced === null || added === null
      ? 'not measured: it takes a validation split that was drawn at random'
      : `at least ${bold(replaced.epsilon.toFixed(2))} where an image is replaced, ${added.toFixed(2)} where one is added or removed (95 % confidence)`;
  return [
    columns([
      ['run', run],
      ['images', `${count(attack.members)} of training, ${count(attack.others)} of ${others}`],
      ['attack', `AUC ${attack.auc.toFixed(4)} (chance 0.5)`],
      ['at 0.1 % FPR', found],
      ['ε', bound],
      ...(replaced && replaced.guesses > 0
        ? [
            [
              'guesses',
              `${count(replaced.correct)} of ${count(replaced.guesses)} right, about ${count(replaced.examples)} images`,
            ] as [string, string],
          ]
        : []),
    ]),
    dim('An audit finds leaks; a low figure does not prove that there are none.'),
  ].join('\n');
}
