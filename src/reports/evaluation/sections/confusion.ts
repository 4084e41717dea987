import type { DecisionOutcome } from '../../../artifacts/decision.js';
import { count, percent } from '../../../core/format.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';
import type { PicturedCell, ReportContent } from '../content.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { scrollable, section, table } from '../../drawing/page-parts.js';

/** Of more characters, a name is wider than a column. */
const LONG_NAME = 4;

/** The confusion matrix, and images of its cells, which the page's script shows. */
export function confusion({ evaluation: { metrics }, cells }: ReportContent): string {
  const names = metrics.perClass.map(({ name }) => name);
  const note = `Rows: actual class. Columns: predicted class.${cells.length > 0 ? ' <span class="scripted">Click a cell to see its images.</span>' : ''}`;
  return section(
    'confusion',
    'Confusion matrix',
    `<p class="soft">${note}</p>${matrixTable('Confusion matrix', metrics.confusion, names, { id: 'cell' })}${cells.map((cell) => cellImages(cell, names)).join('')}`,
    'wide',
  );
}

/** Images of a cell: a template, so that a browser decodes none before they are looked at. */
function cellImages(
  { label, predicted, count: all, images }: PicturedCell,
  names: readonly string[],
): string {
  const [actual, guess] = [names[label]!, names[predicted]!];
  const order = label === predicted ? 'the least confident' : 'the most confident';
  const shown = images.length === all ? count(all) : `${count(images.length)} of ${count(all)}`;
  const items = images.map(
    ({ index, probability, picture }) =>
      `<li><figure><img src="${picture}" alt="Image ${index}"><figcaption>${percent(probability)} <span>image ${index}</span></figcaption></figure></li>`,
  );
  return `<template id="images-cell-${label}-${predicted}"><h3>Actual ${text(actual)}, predicted ${text(guess)}</h3><p class="soft">${shown} ${all === 1 ? 'image' : `images, ${order} first`}. Percentages: probability of ${text(guess)}.</p><ul class="mistakes">${items.join('')}</ul></template>`;
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
    `<p class="soft">${note}</p>${matrixTable(heading, matrix, names, asked ? { abstained: asked } : {})}${outcomeTable(found)}`,
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

/**
 * @param id what the cells' pairs of classes are named by, for the page's script
 * @param abstained images of each class that are sent to a person, for a last column
 */
function matrixTable(
  label: string,
  matrix: readonly (readonly number[])[],
  names: readonly string[],
  { id, abstained }: { id?: string; abstained?: readonly number[] } = {},
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
      const named = id === undefined ? '' : ` data-pair="${id}-${actual}-${other}"`;
      return `<td class="${other === actual ? 'right' : 'wrong'}${level}"${named} title="${text(hint)}">${count(value)}</td>`;
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
