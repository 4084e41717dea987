import type { Point } from '../../../evaluation/curves.js';
import { details, legend, section } from '../../drawing/page-parts.js';
import type { ReportContent } from '../content.js';
import { decimal } from '../parts.js';
import type { Axis } from '../../charts/chart.js';
import { readingsOfPoints } from '../../charts/line-readings.js';
import { lineChart, thinned, type Line } from '../../charts/line-charts.js';
import { colorOfClass, DISTINCT_CLASSES } from '../../charts/class-colors.js';
import type { ClassificationMetrics, ClassMetrics } from '../../../evaluation/metrics.js';

/** The smallest false-positive rate that is drawn. */
const SMALLEST_RATE = 1e-4;

/** Points that are read lie at least so far apart, as a share of an axis: nobody points more exactly, and they are most of a page. */
const READ_STEP = 1 / 80;

/** The ROC curve of each class and of all. */
export function roc({ evaluation: { metrics }, curves }: ReportContent): string {
  const place = ([x, y]: Point): Point => [Math.log10(Math.max(x, SMALLEST_RATE)) / 4 + 1, y];
  return curveSection(metrics, curves.roc, {
    id: 'roc',
    heading: 'ROC curve',
    note: 'One-vs-rest: one curve for each class, and the micro-average. The false-positive rate is on a logarithmic scale.',
    x: {
      ...{ label: 'false-positive rate', domain: [SMALLEST_RATE, 1], isLogarithmic: true },
      format: (value) => `${Number((100 * value).toPrecision(1))} %`,
    },
    y: { label: 'true-positive rate' },
    place,
    title: 'ROC curve',
    measure: 'ROC AUC',
    areas: metrics.rocAuc,
    areaOf: ({ rocAuc }) => rocAuc,
  });
}

/** The precision–recall curve of each class and of all. */
export function precisionRecall({ evaluation: { metrics }, curves }: ReportContent): string {
  return curveSection(metrics, curves.precisionRecall, {
    id: 'precision-recall',
    heading: 'Precision–recall curve',
    note: 'Precision: share of predictions that are right. Recall: share of actual images found.',
    x: { label: 'recall' },
    y: { label: 'precision' },
    place: (point) => point,
    title: 'Precision–recall curve',
    measure: 'Average precision',
    areas: metrics.averagePrecision,
    areaOf: ({ averagePrecision }) => averagePrecision,
  });
}

/** What tells one kind of curve from another. */
interface CurveKind {
  id: string;
  heading: string;
  note: string;
  x: Axis;
  y: Axis;
  /** Where a point is drawn, from 0 to 1 on both axes. */
  place: (point: Point) => Point;
  title: string;
  /** What its area is called. */
  measure: string;
  areas: { macro: number | null; micro: number | null };
  /** The area of one class. */
  areaOf: (metrics: ClassMetrics) => number | null;
}

function curveSection(
  metrics: ClassificationMetrics,
  { perClass, all }: ReportContent['curves']['roc'],
  { id, heading, note, x, y, place, title, measure, areas: { macro, micro }, areaOf }: CurveKind,
): string {
  const thin = (step?: number): Line[] =>
    classLines(
      metrics,
      perClass.map((points) => thinned(points, place, step)),
      thinned(all, place, step),
    );
  const chart = lineChart(
    thin(),
    { x, y },
    { title, description: `${measure}: macro-average ${decimal(macro)}, micro-average ${decimal(micro)}.` },
    readingsOfPoints(thin(READ_STEP), [
      { name: String(x.label), value: share },
      { name: String(y.label), value: share },
    ]),
  );
  return section(
    id,
    heading,
    `<p class="soft">${note}</p>${chart}${classLegend(metrics, measure, areaOf)}${areaDetails(metrics)}`,
  );
}

/** A share as a percentage of four digits: of small rates, two decimals would leave nothing. */
function share(value: number): string {
  return `${Number((100 * value).toPrecision(4))} %`;
}

function classLines(
  { perClass: classes }: ClassificationMetrics,
  lines: readonly Point[][],
  all: Point[],
): Line[] {
  return [
    ...lines.map((points, label): Line => {
      const name = `class ${classes[label]!.name}`;
      return areDistinct(classes)
        ? { name, points, color: colorOfClass(label, classes.length) }
        : { name, points, color: 'var(--soft)', style: 'faint' };
    }),
    areDistinct(classes)
      ? { name: 'micro-average', points: all, color: 'var(--ink)', style: 'dashed' }
      : { name: 'micro-average', points: all, color: 'var(--s0)' },
  ];
}

/** Whether each class has a colour of its own; of more, the curves can only be told apart in the table. */
function areDistinct(classes: readonly unknown[]): boolean {
  return classes.length <= DISTINCT_CLASSES;
}

/** The classes by name, with their areas, where each has a colour. */
function classLegend(
  { perClass: classes }: ClassificationMetrics,
  measure: string,
  areaOf: CurveKind['areaOf'],
): string {
  if (!areDistinct(classes)) {
    const entries = [
      ['var(--s0)', 'micro-average'],
      ['var(--soft)', 'each class'],
    ] as const;
    return legend(entries, 'line');
  }
  const entries = classes.map((metrics, label): [string, string] => {
    const area = areaOf(metrics);
    return [
      colorOfClass(label, classes.length),
      area === null ? metrics.name : `${metrics.name} (${area.toFixed(3)})`,
    ];
  });
  const key = legend([...entries, ['var(--ink)', 'micro-average (dashed)']], 'line');
  return `${key}<p class="soft">In brackets: ${measure.replace(/^Average/, 'average')} of the class.</p>`;
}

function areaDetails({ perClass: classes }: ClassificationMetrics): string {
  const rows = classes.map(({ name, rocAuc, averagePrecision }) => [
    name,
    decimal(rocAuc),
    decimal(averagePrecision),
  ]);
  return details('Show the numbers', ['Class', 'ROC AUC', 'Average precision'], rows);
}
