import type { Interval } from '../../../evaluation/bootstrap.js';
import { SIGNIFICANCE } from '../../../evaluation/mcnemar.js';
import { cleanDeep } from '../clean.js';
import { confusionMatrix } from './confusion-matrix.js';
import { costText, decisionMatrix, decisionTable } from './decisions.js';
import { count, duration, loss, percent, share } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';
import {
  absentText,
  describeImages,
  type EvaluatedSubject,
  type Evaluation,
  type ListedMistakes,
} from '../../../evaluation/evaluation.js';
import type { ClassificationMetrics } from '../../../evaluation/metrics.js';

/** An evaluation for people: metrics, each class, and the confusion matrix. */
export function evaluationText(given: Evaluation, style: Style): string {
  const evaluation = cleanDeep(given);
  const { subject, metrics, mistakes, timing, report } = evaluation;
  const { run, members } = subject;
  const { accuracy, macro } = metrics;
  const name = members === null ? run : `ensemble of ${members.length}`;
  return [
    `${style.bold(name)} on ${describeImages(evaluation)}`,
    `accuracy ${style.bold(percent(accuracy))}  loss ${loss(metrics.loss)}  macro F1 ${percent(macro.f1)}`,
    '',
    ...memberLines(subject),
    headlineTable(evaluation),
    ...scaledLines(evaluation),
    '',
    perClassTable(metrics),
    ...absentLines(metrics),
    '',
    ...confusionMatrix('confusion matrix (rows: actual class; columns: predicted class)', metrics, style),
    ...decisionLines(evaluation, style),
    ...robustnessLines(evaluation),
    ...comparisonLines(evaluation, style),
    ...mistakeLines(mistakes),
    `classified in ${duration(timing.seconds)} on ${timing.backend}, ${timing.device}${report === null ? '' : `; report in ${report}`}`,
  ].join('\n');
}

function memberLines({ members }: EvaluatedSubject): string[] {
  if (members === null) return [];
  const rows = members.map((member) => [
    member.run,
    member.model,
    percent(member.accuracy),
    loss(member.loss),
  ]);
  return [table(['member', 'model', 'accuracy', 'loss'], rows), ''];
}

function headlineTable({ metrics, extras: { intervals, metric } }: Evaluation): string {
  const { topK, macro, rocAuc, averagePrecision, calibration } = metrics;
  const row = (
    name: string,
    value: number,
    format: (value: number) => string,
    interval?: Interval,
  ): string[] => [name, format(value), interval ? `${format(interval.low)} – ${format(interval.high)}` : ''];
  const rows = [
    row('accuracy', metrics.accuracy, percent, intervals?.accuracy),
    ...topK.map(({ k, accuracy }) => row(`top-${k} accuracy`, accuracy, percent)),
    row('balanced accuracy', metrics.balancedAccuracy, percent, intervals?.balancedAccuracy),
    row('macro F1', macro.f1, percent, intervals?.macroF1),
    row('loss', metrics.loss, loss, intervals?.loss),
    row('Brier score', metrics.brier, loss, intervals?.brier),
    row('Cohen’s kappa', metrics.cohenKappa, loss, intervals?.cohenKappa),
    row('Matthews correlation', metrics.matthewsCorrelation, loss, intervals?.matthewsCorrelation),
    ['macro ROC AUC', area(rocAuc.macro), ''],
    ['macro average precision', area(averagePrecision.macro), ''],
    row('expected calibration error', calibration.expectedCalibrationError, percent),
    ...(metric === null ? [] : [row(metric.name, metric.value, loss)]),
  ];
  return table(['metric', 'value', intervals ? `${100 * intervals.confidence} % CI` : ''], rows);
}

function area(value: number | null): string {
  return value === null ? '–' : value.toFixed(5);
}

function scaledLines({ extras: { scaled } }: Evaluation): string[] {
  if (scaled === null) return [];
  const { temperature, expectedCalibrationError } = scaled;
  return [
    `expected calibration error after temperature scaling (T = ${temperature.toFixed(3)}): ${percent(expectedCalibrationError)}`,
  ];
}

function perClassTable({ perClass, macro, n }: ClassificationMetrics): string {
  const rows = perClass.map(({ name, precision, recall, f1, rocAuc, support }) => [
    name,
    share(precision),
    share(recall),
    share(f1),
    area(rocAuc),
    count(support),
  ]);
  const mean = [
    'macro mean',
    percent(macro.precision),
    percent(macro.recall),
    percent(macro.f1),
    '',
    count(n),
  ];
  return table(['class', 'precision', 'recall', 'F1', 'ROC AUC', 'images'], [...rows, mean]);
}

function absentLines({ absentClasses }: ClassificationMetrics): string[] {
  return absentClasses.length === 0 ? [] : [absentText(absentClasses)];
}

function decisionLines({ extras: { decisions } }: Evaluation, style: Style): string[] {
  if (decisions === null) return [];
  return [
    `decisions as calibrated: expected cost ${costText(decisions.expectedCost)} per image`,
    decisionTable(decisions),
    '',
    ...decisionMatrix(decisions, style),
  ];
}

function robustnessLines({ extras: { robustness }, metrics: { accuracy } }: Evaluation): string[] {
  if (robustness === null) return [];
  const rows = robustness.map(({ corruption, strength, unit, accuracy: found }) => [
    corruption,
    unit === '°' ? `${strength}°` : `${strength} ${strength === 1 ? unit.replace(/s$/, '') : unit}`,
    percent(found),
    `${(100 * (found - accuracy)).toFixed(2)} points`,
  ]);
  return [table(['corruption', 'strength', 'accuracy', 'change'], rows), ''];
}

/** How many differing images are listed; the JSON output and the report have all. */
const MAX_DIFFERENCES = 10;

function comparisonLines(
  { extras: { comparison }, subject, metrics }: Evaluation,
  { bold }: Style,
): string[] {
  if (comparison === null) return [];
  const { onlyFirst, onlySecond, pValue, differing } = comparison;
  const { run } = subject;
  const verdict = pValue < SIGNIFICANCE ? 'a significant difference' : 'no significant difference';
  const rows = differing
    .slice(0, MAX_DIFFERENCES)
    .map(({ index, label, predicted, other }) => [String(index), label, predicted, other]);
  const more = differing.length - rows.length;
  return [
    `compared with ${bold(comparison.run)}: accuracy ${percent(metrics.accuracy)} vs. ${percent(comparison.accuracy)}`,
    `only ${run} is right: ${count(onlyFirst)} images; only ${comparison.run} is right: ${count(onlySecond)} images`,
    `McNemar’s test: p = ${pValue.toPrecision(2)}, ${verdict}`,
    ...(rows.length === 0 ? [] : [table(['image', 'actual', run, comparison.run], rows)]),
    ...(more > 0 ? [`and ${count(more)} more images with different predictions`] : []),
    '',
  ];
}

function mistakeLines({ mistakes, mistakeSheet }: ListedMistakes): string[] {
  if (mistakeSheet === null) return [];
  const rows = mistakes.map(({ index, label, predicted, probability, labelProbability }) => [
    String(index),
    label,
    `${predicted} (${percent(probability)})`,
    percent(labelProbability),
  ]);
  return [
    'most confident mistakes',
    table(['image', 'actual', 'predicted', 'probability of actual'], rows),
    `pictures in ${mistakeSheet}`,
    '',
  ];
}
