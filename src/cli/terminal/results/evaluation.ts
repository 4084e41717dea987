import type { Interval } from '../../../evaluation/bootstrap.js';
import { SIGNIFICANCE } from '../../../evaluation/mcnemar.js';
import { count, duration, loss, percent } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** A wider matrix would break over the lines of a terminal; the JSON output and the report have all of it. */
const MAX_MATRIX_CLASSES = 12;

/** How a checkpoint does, for people: the total, each class, and what is taken for what. */
export function evaluationText(evaluation: Evaluation, style: Style): string {
  const { run, members, views, dataset, split, n, accuracy, macro, seconds, report } = evaluation;
  const name = members === null ? run : `ensemble of ${members.length}`;
  const inViews = views === 1 ? '' : `, each in ${views} views`;
  return [
    `${style.bold(name)} on the ${split} images of ${dataset} (${count(n)})${inViews}`,
    `accuracy ${style.bold(percent(accuracy))}  loss ${loss(evaluation.loss)}  F1 ${percent(macro.f1)} (mean over the classes)`,
    '',
    ...memberLines(evaluation),
    headlineTable(evaluation),
    ...scaledLines(evaluation),
    '',
    perClassTable(evaluation),
    '',
    ...(evaluation.perClass.length <= MAX_MATRIX_CLASSES ? [confusionTable(evaluation, style), ''] : []),
    ...robustnessLines(evaluation),
    ...comparisonLines(evaluation, style),
    ...mistakeLines(evaluation),
    `classified in ${duration(seconds)} on ${evaluation.backend}, ${evaluation.device}${report === null ? '' : `; report in ${report}`}`,
  ].join('\n');
}

function memberLines({ members }: Evaluation): string[] {
  if (members === null) return [];
  const rows = members.map((member) => [
    member.run,
    member.model,
    percent(member.accuracy),
    loss(member.loss),
  ]);
  return [table(['member', 'model', 'accuracy', 'loss'], rows), ''];
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
    ['calibration error', percent(evaluation.calibration.expectedCalibrationError), ''],
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

function scaledLines({ scaled }: Evaluation): string[] {
  if (scaled === null) return [];
  const { temperature, expectedCalibrationError } = scaled;
  return [`calibration error ${percent(expectedCalibrationError)} at temperature ${temperature.toFixed(3)}`];
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

function robustnessLines({ robustness, accuracy }: Evaluation): string[] {
  if (robustness === null) return [];
  const rows = robustness.map(({ corruption, strength, unit, accuracy: found }) => [
    corruption,
    unit === '°' ? `${strength}°` : `${strength} ${strength === 1 ? unit.replace(/s$/, '') : unit}`,
    percent(found),
    `${(100 * (found - accuracy)).toFixed(2)} points`,
  ]);
  return [table(['images with', 'strength', 'accuracy', 'change'], rows), ''];
}

/** How many differing images are named; the JSON output and the report have all. */
const MAX_DIFFERENCES = 10;

function comparisonLines({ comparison, run, accuracy }: Evaluation, { bold }: Style): string[] {
  if (comparison === null) return [];
  const { onlyFirst, onlySecond, pValue, differing } = comparison;
  const verdict =
    pValue < SIGNIFICANCE ? 'a difference that chance hardly makes' : 'chance could make this difference';
  const rows = differing
    .slice(0, MAX_DIFFERENCES)
    .map(({ index, label, predicted, other }) => [String(index), label, predicted, other]);
  const more = differing.length - rows.length;
  return [
    `compared with ${bold(comparison.run)}: ${percent(accuracy)} and ${percent(comparison.accuracy)}`,
    `right on ${count(onlyFirst)} images that the other gets wrong, and wrong on ${count(onlySecond)} that it gets right`,
    `McNemar’s test: p = ${pValue.toPrecision(2)}, ${verdict}`,
    ...(rows.length === 0 ? [] : [table(['image', 'is', run, comparison.run], rows)]),
    ...(more > 0 ? [`and ${count(more)} more that they differ on`] : []),
    '',
  ];
}

function mistakeLines({ mistakes, mistakeSheet }: Evaluation): string[] {
  if (mistakeSheet === null) return [];
  const rows = mistakes.map(({ index, label, predicted, probability, labelProbability }) => [
    String(index),
    label,
    `${predicted} (${percent(probability)})`,
    percent(labelProbability),
  ]);
  return [
    'the most confident mistakes',
    table(['image', 'is', 'taken for', 'was given'], rows),
    `pictures in ${mistakeSheet}`,
    '',
  ];
}
