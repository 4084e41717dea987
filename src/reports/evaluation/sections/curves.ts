import type { Point } from '../../../evaluation/curves.js';
import { details, section } from '../../drawing/page-parts.js';
import type { ReportContent } from '../content.js';
import { decimal, legend } from '../parts.js';
import { linePlot, thinned, type Axis, type Line } from '../plots.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** The smallest false-positive rate that is drawn. */
const SMALLEST_RATE = 1e-4;

/** The receiver operating characteristic of each class and of all. */
export function roc({ evaluation, curves }: ReportContent): string {
  const place = ([x, y]: Point): Point => [Math.log10(Math.max(x, SMALLEST_RATE)) / 4 + 1, y];
  return curveSection(evaluation, curves.roc, {
    id: 'roc',
    heading: 'Found and falsely found',
    note: 'Each class against the rest, for every threshold. The axis of false alarms is logarithmic.',
    x: {
      ...{ label: 'false-positive rate', domain: [SMALLEST_RATE, 1], isLogarithmic: true },
      format: (value) => `${Number((100 * value).toPrecision(1))} %`,
    },
    y: { label: 'true-positive rate' },
    shown: (points) =>
      thinned(
        points.map(([x, y]): Point => [Math.max(x, SMALLEST_RATE), y]),
        place,
      ),
    title: 'Receiver operating characteristic',
    measure: 'The area',
    areas: evaluation.rocAuc,
  });
}

/** Precision by recall, of each class and of all. */
export function precisionRecall({ evaluation, curves }: ReportContent): string {
  return curveSection(evaluation, curves.precisionRecall, {
    id: 'precision-recall',
    heading: 'Precision and recall',
    note: 'Of what is called a class, the share that is; of what is, the share that is found.',
    x: { label: 'recall' },
    y: { label: 'precision' },
    shown: (points) => thinned(points),
    title: 'Precision and recall',
    measure: 'Average precision',
    areas: evaluation.averagePrecision,
  });
}

/** What tells one kind of curve from another. */
interface CurveKind {
  id: string;
  heading: string;
  note: string;
  x: Axis;
  y: Axis;
  /** The points that are drawn. */
  shown: (points: readonly Point[]) => Point[];
  title: string;
  /** What its area is called. */
  measure: string;
  areas: { macro: number | null; micro: number | null };
}

function curveSection(
  evaluation: Evaluation,
  { perClass, all }: ReportContent['curves']['roc'],
  { id, heading, note, x, y, shown, title, measure, areas: { macro, micro } }: CurveKind,
): string {
  const chart = linePlot(classLines(evaluation, perClass.map(shown), shown(all)), x, y, {
    title,
    description: `${measure} is ${decimal(macro)} in the mean of the classes, ${decimal(micro)} over all of them together.`,
  });
  return section(
    id,
    heading,
    `<p class="soft">${note}</p>${chart}${classLegend()}${areaDetails(evaluation)}`,
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
