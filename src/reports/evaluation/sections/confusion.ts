import { count } from '../../../core/format.js';
import type { ClassificationMetrics } from '../../../evaluation/metrics.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { scrollable, section } from '../../drawing/page-parts.js';

/** The confusion matrix. */
export function confusion({ confusion: matrix, perClass: classes }: ClassificationMetrics): string {
  const names = classes.map(({ name }) => name);
  const most = Math.max(
    1,
    ...matrix.map((row, label) => Math.max(...row.filter((_, other) => other !== label))),
  );
  const rows = matrix.map((row, label) => {
    const all = row.reduce((sum, value) => sum + value, 0) || 1;
    const cells = row.map((value, other) => {
      if (value === 0) return '<td class="zero">·</td>';
      // Errors are scaled by the most frequent one: beside the diagonal, all of them would be pale.
      const share = other === label ? value / all : value / most;
      const level = Math.min(4, Math.floor(share * 5));
      return `<td class="${other === label ? 'right' : 'wrong'}${level}">${count(value)}</td>`;
    });
    return `<tr><th scope="row">${text(names[label]!)}</th>${cells.join('')}</tr>`;
  });
  const heads = names.map((name) => `<th scope="col">${text(name)}</th>`).join('');
  const body = `<table><thead><tr><td></td>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return section(
    'confusion',
    'Confusion matrix',
    `<p class="soft">Rows: actual class. Columns: predicted class.</p><div class="confusion">${scrollable('Confusion matrix', body)}</div>`,
    'wide',
  );
}
