import { count, percent } from '../../../core/format.js';
import type { Metrics } from '../../../core/events.js';
import type { Interval } from '../../../evaluation/bootstrap.js';
import { escapeMarkup } from '../../drawing/markup.js';
import { section, table, tiles } from '../../drawing/page-parts.js';
import { decimal } from '../parts.js';
import { absentText, type Evaluation } from '../../../evaluation/evaluation.js';
import type { ClassificationMetrics } from '../../../evaluation/metrics.js';

/** The few numbers that come first. */
export function headlineTiles({
  accuracy,
  loss,
  macro,
  rocAuc,
  calibration: { expectedCalibrationError },
  n,
}: ClassificationMetrics): string {
  return tiles([
    ['Accuracy', percent(accuracy)],
    ['Loss', loss.toFixed(4)],
    ['Macro F1', percent(macro.f1)],
    ['Macro ROC AUC', decimal(rocAuc.macro)],
    ['Calibration error', percent(expectedCalibrationError)],
    ['Images', count(n)],
  ]);
}

/** The metrics over all images, with their intervals. */
export function headline({ metrics, extras: { intervals, metric } }: Evaluation): string {
  const row = (
    name: string,
    value: number | null,
    format: (value: number) => string,
    interval?: Interval,
  ): string[] => [
    name,
    value === null ? '–' : format(value),
    ...(intervals === null ? [] : [interval ? `${format(interval.low)} – ${format(interval.high)}` : '']),
  ];
  const four = (value: number): string => value.toFixed(4);
  const rows = [
    row('Accuracy', metrics.accuracy, percent, intervals?.accuracy),
    ...metrics.topK.map(({ k, accuracy }) => row(`Top-${k} accuracy`, accuracy, percent)),
    row('Balanced accuracy', metrics.balancedAccuracy, percent, intervals?.balancedAccuracy),
    row('Macro F1', metrics.macro.f1, percent, intervals?.macroF1),
    row('Loss (cross-entropy)', metrics.loss, four, intervals?.loss),
    row('Brier score', metrics.brier, four, intervals?.brier),
    row('Cohen’s kappa', metrics.cohenKappa, four, intervals?.cohenKappa),
    row('Matthews correlation', metrics.matthewsCorrelation, four, intervals?.matthewsCorrelation),
    row('Macro ROC AUC', metrics.rocAuc.macro, decimal),
    row('Macro average precision', metrics.averagePrecision.macro, decimal),
    ...(metric === null ? [] : [row(metric.name, metric.value, four)]),
  ];
  const head = ['Metric', 'Value', ...(intervals === null ? [] : [`${100 * intervals.confidence} % CI`])];
  const note = intervals
    ? `<p class="soft">Confidence intervals (CI) from ${count(intervals.resamples)} bootstrap resamples of the images. They cover the choice of images, not the randomness of training. Macro: unweighted mean over the classes.</p>`
    : '';
  return section('headline', 'Metrics', `${table(head, rows)}${note}`);
}

/** The metrics of each member of an ensemble; nothing for a single checkpoint. */
export function memberTable({ subject: { members }, metrics: { accuracy, loss } }: Evaluation): string {
  if (members === null) return '';
  const row = (name: string, model: string, metrics: Metrics): string[] => [
    ...[name, model, percent(metrics.accuracy), metrics.loss.toFixed(4)],
  ];
  const rows = [
    ...members.map((member) => row(member.run, member.model, member)),
    row('ensemble', '', { accuracy, loss }),
  ];
  return section(
    'members',
    'Ensemble members',
    `${table(['Member', 'Model', 'Accuracy', 'Loss'], rows)}<p class="soft">The ensemble predicts with the mean of its members’ probabilities.</p>`,
  );
}

/** Precision, recall and F1 of each class. */
export function perClass({ perClass: classes, absentClasses }: ClassificationMetrics): string {
  const rows = classes.map(({ name, precision, recall, f1, support }) => [
    name,
    ...[precision, recall, f1].map((value) => (value === null ? '–' : percent(value))),
    count(support),
  ]);
  const note =
    absentClasses.length === 0 ? '' : `<p class="soft">${escapeMarkup(`${absentText(absentClasses)}.`)}</p>`;
  return section(
    'classes',
    'Metrics per class',
    `${table(['Class', 'Precision', 'Recall', 'F1', 'Images'], rows)}${note}`,
  );
}
