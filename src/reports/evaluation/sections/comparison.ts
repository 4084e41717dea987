import { count, percent } from '../../../core/format.js';
import { SIGNIFICANCE } from '../../../evaluation/mcnemar.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { details, section, table } from '../../drawing/page-parts.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** More rows than these would hide the rest of the page. */
const MAX_DIFFERENCES = 200;

/** The comparison with another checkpoint, where there was one. */
export function comparison({ extras, subject: { run }, metrics: { accuracy } }: Evaluation): string {
  const { comparison: found } = extras;
  if (found === null) return '';
  const { onlyFirst, onlySecond, pValue, differing } = found;
  const rows = differing
    .slice(0, MAX_DIFFERENCES)
    .map(({ index, label, predicted, other }) => [String(index), label, predicted, other]);
  const counts = [
    [run, percent(accuracy), `${count(onlyFirst)} images`],
    [found.run, percent(found.accuracy), `${count(onlySecond)} images`],
  ];
  const more =
    differing.length > rows.length ? ` (the first ${count(rows.length)} of ${count(differing.length)})` : '';
  return section(
    'comparison',
    `Comparison with ${text(found.run)}`,
    `${table(['Checkpoint', 'Accuracy', 'Right where the other is wrong'], counts)}<p>McNemar’s exact test: p = ${pValue.toPrecision(2)}, ${pValue < SIGNIFICANCE ? 'a significant difference' : 'no significant difference'}.</p>${details(`Images with different predictions${more}`, ['Image', 'Actual', run, found.run], rows)}`,
    'wide',
  );
}
