import { count, percent } from '../../../core/format.js';
import type { Metrics } from '../../../core/events.js';
import type { Interval } from '../../../evaluation/bootstrap.js';
import { section, table, tiles } from '../../drawing/page-parts.js';
import { decimal } from '../parts.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** The few numbers that come first. */
export function headlineTiles({
  accuracy,
  loss,
  macro,
  rocAuc,
  calibration: { expectedCalibrationError },
  n,
}: Evaluation): string {
  return tiles([
    ['Accuracy', percent(accuracy)],
    ['Loss', loss.toFixed(4)],
    ['F1, macro', percent(macro.f1)],
    ['ROC area, macro', decimal(rocAuc.macro)],
    ['Calibration error', percent(expectedCalibrationError)],
    ['Images', count(n)],
  ]);
}

/** All metrics of the whole, with their intervals. */
export function headline({ intervals, topK, ...evaluation }: Evaluation): string {
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
    row('Accuracy', evaluation.accuracy, percent, intervals?.accuracy),
    ...topK.map(({ k, accuracy }) => row(`Among the ${k} likeliest`, accuracy, percent)),
    row('Balanced accuracy', evaluation.balancedAccuracy, percent, intervals?.balancedAccuracy),
    row('F1, macro', evaluation.macro.f1, percent, intervals?.macroF1),
    row('Loss (nats)', evaluation.loss, four, intervals?.loss),
    row('Brier score', evaluation.brier, four, intervals?.brier),
    row('Cohen’s kappa', evaluation.cohenKappa, four, intervals?.cohenKappa),
    row('Matthews correlation', evaluation.matthewsCorrelation, four, intervals?.matthewsCorrelation),
    row('ROC area, macro', evaluation.rocAuc.macro, decimal),
    row('Average precision, macro', evaluation.averagePrecision.macro, decimal),
  ];
  const head = ['', 'Value', ...(intervals === null ? [] : [`${100 * intervals.confidence} % interval`])];
  const note = intervals
    ? `<p class="soft">Intervals from ${count(intervals.resamples)} bootstrap samples of the images: they say how far a number depends on which images were in the test, and nothing of the training’s chance. Macro: the mean of the classes.</p>`
    : '';
  return section('headline', 'In numbers', `${table(head, rows)}${note}`);
}

/** How each member of an ensemble does; nothing for a single checkpoint. */
export function memberTable({ members, accuracy, loss }: Evaluation): string {
  if (members === null) return '';
  const row = (name: string, model: string, metrics: Metrics): string[] => [
    ...[name, model, percent(metrics.accuracy), metrics.loss.toFixed(4)],
  ];
  const rows = [
    ...members.map((member) => row(member.run, member.model, member)),
    row('together', '', { accuracy, loss }),
  ];
  return section(
    'members',
    'Each member',
    `${table(['Member', 'Model', 'Accuracy', 'Loss'], rows)}<p class="soft">Together: by the mean of their probabilities.</p>`,
  );
}

/** Precision, recall and F1 of each class. */
export function perClass({ perClass: classes }: Evaluation): string {
  const rows = classes.map(({ name, precision, recall, f1, support }) => [
    name,
    ...[precision, recall, f1].map(percent),
    count(support),
  ]);
  return section('classes', 'Each class', table(['Class', 'Precision', 'Recall', 'F1', 'Images'], rows));
}
