import type { CheckpointDescription } from '../artifacts/checkpoint.js';
import type { Interval } from '../evaluation/bootstrap.js';
import type { Point } from '../evaluation/curves.js';
import type { ClassificationMetrics } from '../evaluation/metrics.js';
import type { ShownMistake } from '../stages/list-mistakes.js';
import type { Evaluation } from '../stages/evaluate.js';
import { escapeMarkup as text } from '../seeing/markup.js';
import { details, factsTable, page, scrollable, section, table, tiles } from '../seeing/page-parts.js';
import { barPlot, linePlot, reliabilityPlot, thinned, type Line } from './plots.js';
import { reportStyle } from './report-style.js';

/** A mistake with its pictures, as `data:` addresses. */
export interface PicturedMistake extends ShownMistake {
  picture: string;
  /** What speaks for the class that it was taken for. */
  explanation: string;
}

/** All that a report shows. */
export interface ReportContent {
  evaluation: Evaluation;
  description: CheckpointDescription;
  /** One for each class, against the rest, and one of all together. */
  curves: Record<'roc' | 'precisionRecall', { perClass: Point[][]; all: Point[] }>;
  mistakes: readonly PicturedMistake[];
  /** The version of this package that makes the report. */
  toolkit: string;
}

/** A report on a checkpoint: one HTML page that needs no other file and no network, and allows none. */
export function reportPage(content: ReportContent): string {
  const { evaluation, description, toolkit } = content;
  const { run, dataset, split, n, model } = evaluation;
  return page({
    title: `Report: ${run} on ${dataset}`,
    heading: run,
    origin: `${model} ${description.model.description}, on the ${split} images of ${dataset} (${count(n)})`,
    header: headlineTiles(evaluation),
    sections: [
      headline(evaluation),
      perClass(evaluation),
      training(description),
      confusion(evaluation),
      roc(content),
      precisionRecall(content),
      calibration(evaluation),
      robustness(evaluation),
      mistakes(content),
      comparison(evaluation),
      provenance(content),
    ],
    style: reportStyle,
    toolkit,
  });
}

function headlineTiles({
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

function headline({ intervals, topK, ...evaluation }: Evaluation): string {
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

function training({ progress: { history } }: CheckpointDescription): string {
  if (history.length === 0) return '';
  const last = history.at(-1)!;
  const curve = (key: 'loss' | 'accuracy'): string => {
    const lines: Line[] = [
      { name: 'training', color: 0, points: history.map((epoch) => [epoch.epoch, epoch[key]]) },
      {
        name: 'validation',
        color: 1,
        points: history.flatMap(({ epoch, validation }): Point[] =>
          validation ? [[epoch, validation[key]]] : [],
        ),
      },
    ];
    const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
    const low = key === 'loss' ? 0 : Math.min(...values);
    const high = Math.max(...values);
    const validation = last.validation ? ` and ${last.validation[key].toFixed(4)} in validation` : '';
    return linePlot(
      lines,
      {
        label: 'epoch',
        domain: [Math.min(1, history.length - 1), Math.max(history.length, 2)],
        isCount: true,
      },
      { label: key, domain: [low, high === low ? low + 0.01 : high] },
      {
        title: `The ${key} by epoch`,
        description: `After ${history.length} epochs ${last[key].toFixed(4)} in training${validation}.`,
      },
    );
  };
  const rows = history.map(({ epoch, loss, accuracy, validation }) => [
    String(epoch),
    loss.toFixed(4),
    percent(accuracy),
    ...(validation ? [validation.loss.toFixed(4), percent(validation.accuracy)] : ['–', '–']),
  ]);
  const head = ['Epoch', 'Loss', 'Accuracy', 'Validation loss', 'Validation accuracy'];
  return section(
    'training',
    'Training',
    `<div class="charts">${curve('loss')}${curve('accuracy')}</div>${legend([
      ['s0', 'training'],
      ['s1', 'validation'],
    ])}${details('The numbers', head, rows)}`,
    'wide',
  );
}

function confusion({ confusion: matrix, perClass: classes }: ClassificationMetrics): string {
  const names = classes.map(({ name }) => name);
  const most = Math.max(
    1,
    ...matrix.map((row, label) => Math.max(...row.filter((_, other) => other !== label))),
  );
  const rows = matrix.map((row, label) => {
    const all = row.reduce((sum, value) => sum + value, 0) || 1;
    const cells = row.map((value, other) => {
      if (value === 0) return '<td class="zero">·</td>';
      // Errors are compared with the most frequent one: beside the right answers, all of them would be pale.
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
    'What is taken for what',
    `<p class="soft">Rows: what an image shows. Columns: what it is taken for.</p><div class="confusion">${scrollable('Confusion matrix', body)}</div>`,
    'wide',
  );
}

/** The smallest false-positive rate that is drawn. */
const SMALLEST_RATE = 1e-4;

function roc({ evaluation, curves: { roc: found } }: ReportContent): string {
  const place = ([x, y]: Point): Point => [Math.log10(Math.max(x, SMALLEST_RATE)) / 4 + 1, y];
  const shown = (points: readonly Point[]): Point[] =>
    thinned(
      points.map(([x, y]): Point => [Math.max(x, SMALLEST_RATE), y]),
      place,
    );
  const { macro, micro } = evaluation.rocAuc;
  const chart = linePlot(
    classLines(evaluation, found.perClass.map(shown), shown(found.all)),
    {
      ...{ label: 'false-positive rate', domain: [SMALLEST_RATE, 1], isLogarithmic: true },
      format: (value) => `${Number((100 * value).toPrecision(1))} %`,
    },
    { label: 'true-positive rate' },
    {
      title: 'Receiver operating characteristic',
      description: `The area is ${decimal(macro)} in the mean of the classes, ${decimal(micro)} over all of them together.`,
    },
  );
  return section(
    'roc',
    'Found and falsely found',
    `<p class="soft">Each class against the rest, for every threshold. The axis of false alarms is logarithmic.</p>${chart}${classLegend()}${areaDetails(evaluation)}`,
  );
}

function precisionRecall({ evaluation, curves: { precisionRecall: found } }: ReportContent): string {
  const { macro, micro } = evaluation.averagePrecision;
  const shown = (points: readonly Point[]): Point[] => thinned(points);
  const chart = linePlot(
    classLines(evaluation, found.perClass.map(shown), shown(found.all)),
    { label: 'recall' },
    { label: 'precision' },
    {
      title: 'Precision and recall',
      description: `Average precision is ${decimal(macro)} in the mean of the classes, ${decimal(micro)} over all of them together.`,
    },
  );
  return section(
    'precision-recall',
    'Precision and recall',
    `<p class="soft">Of what is called a class, the share that is; of what is, the share that is found.</p>${chart}${classLegend()}${areaDetails(evaluation)}`,
  );
}

function classLines({ perClass: classes }: Evaluation, lines: readonly Point[][], all: Point[]): Line[] {
  return [
    ...lines.map((points, label) => ({ name: `class ${classes[label]!.name}`, points })),
    { name: 'all classes', points: all, color: 0 },
  ];
}

function classLegend(): string {
  return legend([
    ['s0', 'all classes together'],
    ['soft-line', 'each class'],
  ]);
}

function areaDetails({ perClass: classes }: Evaluation): string {
  const rows = classes.map(({ name, rocAuc, averagePrecision }) => [
    name,
    decimal(rocAuc),
    decimal(averagePrecision),
  ]);
  return details('The areas', ['Class', 'ROC area', 'Average precision'], rows);
}

function calibration({ calibration: found, scaled }: Evaluation): string {
  const { bins, expectedCalibrationError, maximumCalibrationError } = found;
  const chart = reliabilityPlot(bins, {
    title: 'Confidence and accuracy',
    description: `Confidence is ${percent(expectedCalibrationError)} from accuracy in the mean, and ${percent(maximumCalibrationError)} at most.`,
  });
  const after = scaled
    ? ` At the temperature ${scaled.temperature.toFixed(3)} that was fitted on the validation images: ${percent(scaled.expectedCalibrationError)}.`
    : ' Not calibrated: <code>mnist calibrate</code> fits a temperature.';
  const rows = bins
    .filter((bin) => bin.count > 0)
    .map(({ from, to, count: images, confidence, accuracy }) => [
      `${percent(from)} – ${percent(to)}`,
      count(images),
      percent(confidence),
      percent(accuracy),
    ]);
  return section(
    'calibration',
    'Do probabilities mean what they say?',
    `<p>Expected calibration error ${percent(expectedCalibrationError)}.${after}</p>${chart}<p class="soft">On the dashed line, answers are as often right as they say. A larger dot stands for more images.</p>${details('The numbers', ['Confidence', 'Images', 'Mean', 'Accuracy'], rows)}`,
  );
}

function robustness({ robustness: found, accuracy }: Evaluation): string {
  const title = 'Images made worse';
  if (found === null) {
    return section(
      'robustness',
      title,
      '<p class="soft">Not measured: <code>mnist evaluate</code> does it with <code>--robustness</code>.</p>',
    );
  }
  const bars = found.map(({ corruption, strength, unit, accuracy: value }) => ({
    name: `${corruption} ${strength}${unit === '°' ? '°' : unit === 'pixels' ? ' px' : ''}`,
    value,
  }));
  const worst = bars.reduce((least, bar) => (bar.value < least.value ? bar : least));
  const chart = barPlot(bars, accuracy, 'accuracy', {
    title: 'Accuracy on images made worse',
    description: `Of ${percent(accuracy)}, ${percent(worst.value)} are left with ${worst.name}.`,
  });
  const rows = bars.map(({ name, value }) => [
    name,
    percent(value),
    `${(100 * (value - accuracy)).toFixed(2)} points`,
  ]);
  return section(
    'robustness',
    title,
    `${chart}<p class="soft">The upright line is the accuracy on the images as they are. Noise is a share of the pixels’ range.</p>${details('The numbers', ['Images with', 'Accuracy', 'Change'], rows)}`,
  );
}

function perClass({ perClass: classes }: Evaluation): string {
  const rows = classes.map(({ name, precision, recall, f1, support }) => [
    name,
    ...[precision, recall, f1].map(percent),
    count(support),
  ]);
  return section('classes', 'Each class', table(['Class', 'Precision', 'Recall', 'F1', 'Images'], rows));
}

function mistakes({ mistakes: found }: ReportContent): string {
  if (found.length === 0)
    return section('mistakes', 'Mistakes', '<p class="soft">None are shown.</p>', 'wide');
  const items = found.map(
    ({ index, label, predicted, probability, labelProbability, picture, explanation }) => {
      const words = `Image ${index}, which shows ${label}`;
      return `<li><figure><div class="pair"><img src="${picture}" alt="${text(words)}"><img src="${explanation}" alt="${text(`What in it speaks for ${predicted}`)}"></div><figcaption><strong>${text(label)}</strong> taken for <strong>${text(predicted)}</strong> <span>${text(predicted)}: ${percent(probability)}</span><span>${text(label)}: ${percent(labelProbability)}</span><span>image ${index}</span></figcaption></figure></li>`;
    },
  );
  return section(
    'mistakes',
    'The most confident mistakes',
    `<p class="soft">Beside each image, by integrated gradients, what speaks against and for the class that it was taken for: against <span class="ramp" role="img" aria-label="from blue to red"></span> for. The ink lies over it as shade.</p><ul class="mistakes">${items.join('')}</ul>`,
    'wide',
  );
}

/** More rows than these would hide the rest of the page. */
const MAX_DIFFERENCES = 200;

function comparison({ comparison: found, run, accuracy }: Evaluation): string {
  if (found === null) return '';
  const { onlyFirst, onlySecond, pValue, differing } = found;
  const rows = differing
    .slice(0, MAX_DIFFERENCES)
    .map(({ index, label, predicted, other }) => [String(index), label, predicted, other]);
  const more =
    differing.length > rows.length ? ` (the first ${count(rows.length)} of ${count(differing.length)})` : '';
  return section(
    'comparison',
    'Beside another checkpoint',
    `<p>${text(run)}: ${percent(accuracy)}; ${text(found.run)}: ${percent(found.accuracy)}. Right on ${count(onlyFirst)} images that the other gets wrong, wrong on ${count(onlySecond)} that it gets right. McNemar’s exact test: p = ${pValue.toPrecision(2)}.</p>${details(`Images on which they differ${more}`, ['Image', 'Shows', run, found.run], rows)}`,
    'wide',
  );
}

function provenance({ evaluation, description }: ReportContent): string {
  const { machine, data, config } = description;
  const facts: [string, string][] = [
    ['Checkpoint', evaluation.checkpoint],
    [
      'Trained on',
      `${data.dataset}, ${count(data.trainingImages)} images, fingerprint ${data.fingerprint.slice(0, 16)}…`,
    ],
    ['Parameters', count(description.model.parameters)],
    ['Seed', String(description.random.seed)],
    [
      'Trained with',
      `mnist-train ${description.toolkit}, ${machine.backend} ${machine.backendVersion}, ${machine.device}, Node.js ${machine.node}`,
    ],
    ['Evaluated with', `${evaluation.backend}, ${evaluation.device}, ${evaluation.seconds.toFixed(2)} s`],
  ];
  const options = Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]);
  return section(
    'provenance',
    'Where it comes from',
    `${factsTable(facts)}${details('The options of the run', ['Option', 'Value'], options)}`,
    'wide',
  );
}

function legend(entries: readonly (readonly [style: string, name: string])[]): string {
  const items = entries.map(
    ([style, name]) =>
      `<li><svg class="line" viewBox="0 0 10 3" preserveAspectRatio="none" aria-hidden="true"><rect class="${style}" width="10" height="3"/></svg>${text(name)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function decimal(value: number | null): string {
  return value === null ? '–' : value.toFixed(5);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
