import type { DecisionOutcome } from '../../../artifacts/decision.js';
import { count, percent } from '../../../core/format.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';
import type { ClassificationMetrics } from '../../../evaluation/metrics.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { scrollable, section, table } from '../../drawing/page-parts.js';

/** Of more characters, a name is wider than a column. */
const LONG_NAME = 4;

/** The confusion matrix. */
export function confusion({ confusion: matrix, perClass: classes }: ClassificationMetrics): string {
  const names = classes.map(({ name }) => name);
  return section(
    'confusion',
    'Confusion matrix',
    `<p class="soft">Rows: actual class. Columns: predicted class.</p>${matrixTable('Confusion matrix', matrix, names)}`,
    'wide',
  );
}

/** The confusion matrix of the decisions that `calibrate` stored, with recall and precision; nothing without any. */
export function decisions({ extras: { decisions: found } }: Evaluation): string {
  if (found === null) return '';
  const { confusion: matrix, abstained, perClass, expectedCost } = found;
  const names = perClass.map(({ name }) => name);
  const heading = 'Confusion matrix of the decisions';
  const note = `Thresholds and costs of mnist calibrate applied. Rows: actual class. Columns: decision. Expected cost per image: ${Number(expectedCost.toPrecision(4))}.`;
  const asked = abstained.some((times) => times > 0) ? abstained : undefined;
  return section(
    'decisions',
    heading,
    `<p class="soft">${note}</p>${matrixTable(heading, matrix, names, asked)}${outcomeTable(found)}`,
    'wide',
  );
}

function outcomeTable({ perClass }: DecisionOutcome): string {
  const share = (value: number | null): string => (value === null ? '–' : percent(value));
  const rows = perClass.map(({ name, recall, recallInterval, precision, support }) => [
    name,
    share(recall),
    recallInterval ? `${percent(recallInterval.low)} – ${percent(recallInterval.high)}` : '–',
    share(precision),
    count(support),
  ]);
  return table(['Class', 'Recall', '95 % CI of recall', 'Precision', 'Images'], rows);
}

/** @param abstained images of each class that are sent to a person, for a last column */
function matrixTable(
  label: string,
  matrix: readonly (readonly number[])[],
  names: readonly string[],
  abstained?: readonly number[],
): string {
  const most = Math.max(
    1,
    ...matrix.map((row, actual) => Math.max(...row.filter((_, other) => other !== actual))),
  );
  const rows = matrix.map((row, actual) => {
    const all = row.reduce((sum, value) => sum + value, 0) || 1;
    const cells = row.map((value, other) => {
      if (value === 0) return '<td class="zero">·</td>';
      // Errors are scaled by the most frequent one: beside the diagonal, all of them would be pale.
      const share = other === actual ? value / all : value / most;
      const level = Math.min(4, Math.floor(share * 5));
      const pair = `${names[actual]!} → ${names[other]!}`;
      const hint = `${pair}: ${count(value)} of ${count(all)} images, ${percent(value / all)}`;
      return `<td class="${other === actual ? 'right' : 'wrong'}${level}" title="${text(hint)}">${count(value)}</td>`;
    });
    const asked = abstained ? `<td>${count(abstained[actual]!)}</td>` : '';
    return `<tr><th scope="row">${text(names[actual]!)}</th>${cells.join('')}${asked}</tr>`;
  });
  const columns = [...names, ...(abstained ? ['ask a person'] : [])];
  const heads = columns.map((name) => `<th scope="col"><span>${text(name)}</span></th>`);
  const body = `<table><thead><tr><td></td>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
  // Long names stand on end above their columns: side by side they would not fit on a phone.
  const isLong = columns.some((name) => name.length > LONG_NAME);
  return `<div class="confusion${isLong ? ' upright' : ''}">${scrollable(label, body)}</div>`;
}
