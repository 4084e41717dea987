import type { DecisionOutcome } from '../../../artifacts/decision.js';
import { count, percent, share } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';
import { confusionMatrix } from './confusion-matrix.js';

/** The confusion matrix of decisions, with the images that are sent to a person; nothing where it would not fit. */
export function decisionMatrix(outcome: DecisionOutcome, style: Style): string[] {
  const { abstained } = outcome;
  const title = 'confusion matrix of the decisions (rows: actual class; columns: decision)';
  const isAsking = abstained.some((times) => times > 0);
  return confusionMatrix(title, outcome, style, isAsking ? abstained : undefined);
}

/** Recall and precision of each class by some decisions, with the recall's confidence interval. */
export function decisionTable({ perClass }: DecisionOutcome): string {
  const rows = perClass.map(({ name, recall, recallInterval, precision, support }) => [
    name,
    share(recall),
    intervalText(recallInterval),
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
    intervalText(recallInterval),
    `${share(before.perClass[label]!.precision)} → ${share(precision)}`,
    count(support),
  ]);
  return table(['class', 'recall', '95 % CI after', 'precision', 'images'], rows);
}

/** A cost, to four digits. */
export function costText(cost: number): string {
  return String(Number(cost.toPrecision(4)));
}

function intervalText(interval: DecisionOutcome['perClass'][number]['recallInterval']): string {
  return interval === null ? '–' : `${percent(interval.low)} – ${percent(interval.high)}`;
}
