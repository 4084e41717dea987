import { count, percent } from '../../../core/format.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { details, section } from '../../drawing/page-parts.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** More rows than these would hide the rest of the page. */
const MAX_DIFFERENCES = 200;

/** What another checkpoint does differently, where one was compared. */
export function comparison({ comparison: found, run, accuracy }: Evaluation): string {
  if (found === null) return '';
  const { onlyFirst, onlySecond, pValue, differing } = found;
  const rows = differing
    .slice(0, MAX_DIFFERENCES)
    .map(({ index, label, predicted, other }) => [String(index), label, predicted, other]);
  const more =
    differing.length > rows.length ? ` (the first ${count(rows.length)} of ${count(differing.length)})` : '';
  return section(
    'comparison',
    'Beside another checkpoint',
    `<p>${text(run)}: ${percent(accuracy)}; ${text(found.run)}: ${percent(found.accuracy)}. Right on ${count(onlyFirst)} images that the other gets wrong, wrong on ${count(onlySecond)} that it gets right. McNemar’s exact test: p = ${pValue.toPrecision(2)}.</p>${details(`Images on which they differ${more}`, ['Image', 'Shows', run, found.run], rows)}`,
    'wide',
  );
}
