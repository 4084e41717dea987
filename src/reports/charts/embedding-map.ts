import * as Plot from '@observablehq/plot';

import { shorten } from '../drawing/markup.js';
import { colorOfClass } from './class-colors.js';
import { axisOptions, domainOf, drawChart } from './chart.js';
import { figure, legendChart, TITLE_HEIGHT, type LegendEntry } from './figure.js';

const SIDE = 640;
const LEGEND_WIDTH = 160;
/** More names would run out of the picture. */
const MAX_NAMES = 30;
const MAX_NAME = 18;

/** Points in a plane, each of a class. */
export interface EmbeddingMap {
  title: string;
  points: readonly (readonly [x: number, y: number])[];
  labels: ArrayLike<number>;
  classNames: readonly string[];
}

/** Embeddings in a plane, coloured by class, with a legend. */
export function embeddingMap({ title, points, labels, classNames }: EmbeddingMap): string {
  const colorOf = (label: number): string => colorOfClass(label, classNames.length);
  const dots = points.map(([x, y], index) => ({ x, y, color: colorOf(labels[index]!) }));
  const [xs, ys] = [dots.map(({ x }) => x), dots.map(({ y }) => y)];
  const chart = drawChart({
    ...{ width: SIDE, height: SIDE, inset: 16 },
    ...{ marginLeft: 16, marginRight: 8, marginTop: 8, marginBottom: 16 },
    x: { ...axisOptions({ label: null, domain: domainOf(xs) }), axis: null },
    y: { ...axisOptions({ label: null, domain: domainOf(ys) }), axis: null },
    marks: [
      Plot.frame({ stroke: 'currentColor', strokeOpacity: 0.2 }),
      Plot.dot(dots, { x: 'x', y: 'y', r: 2.7, fill: { value: 'color', scale: null }, fillOpacity: 0.7 }),
    ],
  });
  return figure(
    { width: SIDE + LEGEND_WIDTH, height: SIDE + TITLE_HEIGHT },
    { title, description: `${points.length} images of ${classNames.length} classes, each a dot.` },
    [
      { left: 0, top: TITLE_HEIGHT, chart },
      { left: SIDE, top: TITLE_HEIGHT, chart: legendChart(legendOf(classNames, colorOf), LEGEND_WIDTH) },
    ],
  );
}

function legendOf(classNames: readonly string[], colorOf: (label: number) => string): LegendEntry[] {
  const shown = classNames.slice(0, MAX_NAMES).map((name, label) => {
    return { name: shorten(name, MAX_NAME), color: colorOf(label), mark: 'dot' as const };
  });
  const more = classNames.length - shown.length;
  return more > 0 ? [...shown, { name: `and ${more} more`, color: 'none', mark: 'dot' }] : shown;
}
