import type { Evaluation } from '../stages/evaluate.js';
import { count, duration, loss, percent } from './format.js';
import type { Style } from './style.js';
import { table } from './table.js';

/** A wider matrix would break over the lines of a terminal; the JSON output and the report have all of it. */
const MAX_MATRIX_CLASSES = 12;

/** How a checkpoint does, for people: the total, each class, and what is taken for what. */
export function evaluationText(evaluation: Evaluation, style: Style): string {
  const { run, dataset, split, n, accuracy, macro, seconds, report } = evaluation;
  return [
    `${style.bold(run)} on the ${split} images of ${dataset} (${count(n)})`,
    `accuracy ${style.bold(percent(accuracy))}  loss ${loss(evaluation.loss)}  F1 ${percent(macro.f1)} (mean over the classes)`,
    '',
    perClassTable(evaluation),
    '',
    ...(evaluation.perClass.length <= MAX_MATRIX_CLASSES ? [confusionTable(evaluation, style), ''] : []),
    `${duration(seconds)} on ${evaluation.backend}, ${evaluation.device}${report === null ? '' : `; report in ${report}`}`,
  ].join('\n');
}

function perClassTable({ perClass, macro, n }: Evaluation): string {
  const rows = perClass.map(({ name, precision, recall, f1, support }) => [
    name,
    percent(precision),
    percent(recall),
    percent(f1),
    count(support),
  ]);
  const mean = ['mean', percent(macro.precision), percent(macro.recall), percent(macro.f1), count(n)];
  return table(['class', 'precision', 'recall', 'F1', 'images'], [...rows, mean]);
}

function confusionTable({ confusion, perClass }: Evaluation, { bold, dim }: Style): string {
  const names = perClass.map(({ name }) => name);
  const rows = confusion.map((row, actual) => [
    names[actual]!,
    ...row.map((times, predicted) =>
      actual === predicted ? bold(String(times)) : times === 0 ? dim('·') : String(times),
    ),
  ]);
  return `rows: what an image shows; columns: what it is taken for\n${table(['', ...names], rows)}`;
}
