import type { DecisionOutcome } from '../../../artifacts/decision.js';
import { count, percent } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** A wider matrix would not fit a terminal; the JSON output and the report have all of it. */
const MAX_MATRIX_CLASSES = 12;

/** The confusion matrix of decisions, with the images that are sent to a person; nothing where it would not fit. */
export function decisionMatrix(
  { confusion, abstained, perClass }: DecisionOutcome,
  { bold, dim }: Style,
): string[] {
  if (perClass.length > MAX_MATRIX_CLASSES) return [];
  const isAsking = abstained.some((times) => times > 0);
  const names = perClass.map(({ name }) => name);
  const shown = (times: number): string => (times === 0 ? dim('·') : String(times));
  const rows = confusion.map((row, actual) => [
    names[actual]!,
    ...row.map((times, decided) => (actual === decided ? bold(String(times)) : shown(times))),
    ...(isAsking ? [shown(abstained[actual]!)] : []),
  ]);
  return [
    'confusion matrix of the decisions (rows: actual class; columns: decision)',
    table(['', ...names, ...(isAsking ? ['ask a person'] : [])], rows),
    '',
  ];
}

/** Recall and precision of each class by some decisions, with the recall's confidence interval. */
export function decisionTable({ perClass }: DecisionOutcome): string {
  const rows = perClass.map(({ name, recall, recallInterval, precision, support }) => [
    name,
    share(recall),
    recallInterval === null ? '–' : `${percent(recallInterval.low)} – ${percent(recallInterval.high)}`,
    share(precision),
    count(support),
  ]);
  return table(['class', 'recall', '95 % CI of recall', 'precision', 'images'], rows);
}

/** Recall and precision of each class before and after. */
export function changeTable({ before, after }: Record<'before' | 'after', DecisionOutcome>): string {
  const rows = after.perClass.map(({ name, recall, recallInterval, precision, support }, label) => [
    name,
    `${share(before.perClass[label]!.recall)} → ${share(recall)}`,
    recallInterval === null ? '–' : `${percent(recallInterval.low)} – ${percent(recallInterval.high)}`,
    `${share(before.perClass[label]!.precision)} → ${share(precision)}`,
    count(support),
  ]);
  return table(['class', 'recall', '95 % CI after', 'precision', 'images'], rows);
}

/** A cost, to four digits. */
export function costText(cost: number): string {
  return String(Number(cost.toPrecision(4)));
}

function share(value: number | null): string {
  return value === null ? '–' : percent(value);
}
