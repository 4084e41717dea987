import type { Interval } from '../evaluation/bootstrap.js';
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
    headlineTable(evaluation),
    ...calibrationLines(evaluation),
    '',
    perClassTable(evaluation),
    '',
    ...(evaluation.perClass.length <= MAX_MATRIX_CLASSES ? [confusionTable(evaluation, style), ''] : []),
    `${duration(seconds)} on ${evaluation.backend}, ${evaluation.device}${report === null ? '' : `; report in ${report}`}`,
  ].join('\n');
}

function headlineTable({ intervals, topK, ...evaluation }: Evaluation): string {
  const { rocAuc, averagePrecision, macro } = evaluation;
  const rows = [
    ['accuracy', percent(evaluation.accuracy), intervalText(intervals?.accuracy, percent)],
    ...topK.map(({ k, accuracy }) => [`among the ${k} likeliest`, percent(accuracy), '']),
    [
      'balanced accuracy',
      percent(evaluation.balancedAccuracy),
      intervalText(intervals?.balancedAccuracy, percent),
    ],
    ['F1', percent(macro.f1), intervalText(intervals?.macroF1, percent)],
    ['loss', loss(evaluation.loss), intervalText(intervals?.loss, loss)],
    ['Brier score', loss(evaluation.brier), intervalText(intervals?.brier, loss)],
    ['Cohen’s kappa', loss(evaluation.cohenKappa), intervalText(intervals?.cohenKappa, loss)],
    [
      'Matthews correlation',
      loss(evaluation.matthewsCorrelation),
      intervalText(intervals?.matthewsCorrelation, loss),
    ],
    ['ROC area', area(rocAuc.macro), ''],
    ['average precision', area(averagePrecision.macro), ''],
  ];
  const confidence = intervals ? `${100 * intervals.confidence} % interval` : '';
  return table(['', 'value', confidence], rows);
}

function intervalText(interval: Interval | undefined, format: (value: number) => string): string {
  return interval ? `${format(interval.low)} – ${format(interval.high)}` : '';
}

function area(value: number | null): string {
  return value === null ? '–' : value.toFixed(5);
}

function calibrationLines({ calibration, scaled }: Evaluation): string[] {
  const plain = `expected calibration error ${percent(calibration.expectedCalibrationError)}`;
  if (scaled === null) return [plain];
  const { temperature, expectedCalibrationError } = scaled;
  return [`${plain}, ${percent(expectedCalibrationError)} at temperature ${temperature.toFixed(3)}`];
}

function perClassTable({ perClass, macro, n }: Evaluation): string {
  const rows = perClass.map(({ name, precision, recall, f1, rocAuc, support }) => [
    name,
    percent(precision),
    percent(recall),
    percent(f1),
    area(rocAuc),
    count(support),
  ]);
  const mean = ['mean', percent(macro.precision), percent(macro.recall), percent(macro.f1), '', count(n)];
  return table(['class', 'precision', 'recall', 'F1', 'ROC area', 'images'], [...rows, mean]);
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
