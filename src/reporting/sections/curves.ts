import type { Point } from '../../evaluation/curves.js';
import { details, section } from '../../seeing/page-parts.js';
import type { Evaluation } from '../../stages/evaluate.js';
import type { ReportContent } from '../content.js';
import { legend, decimal } from '../parts.js';
import { linePlot, thinned, type Line } from '../plots.js';

/** The smallest false-positive rate that is drawn. */
const SMALLEST_RATE = 1e-4;

/** The receiver operating characteristic of each class and of all. */
export function roc({ evaluation, curves: { roc: found } }: ReportContent): string {
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

/** Precision by recall, of each class and of all. */
export function precisionRecall({ evaluation, curves: { precisionRecall: found } }: ReportContent): string {
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
