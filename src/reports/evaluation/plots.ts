import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

import type { Point } from '../../evaluation/curves.js';

/** What a chart is called, and what it says for those who cannot see it. */
export interface PlotWords {
  title: string;
  description: string;
}

/** A line of a chart. */
export interface Line {
  name: string;
  points: readonly Point[];
  /** A colour of the page's style sheet, from 0 to 2; without it, the line is faint. */
  color?: 0 | 1 | 2;
}

/** An axis from 0 to 1, unless it is said otherwise. */
export interface Axis {
  label: string;
  domain?: readonly [low: number, high: number];
  isLogarithmic?: boolean;
  /** As d3-format has it, or a function. */
  format?: string | ((value: number) => string);
  /** Only whole numbers. */
  isCount?: boolean;
}

const WIDTH = 420;
const HEIGHT = 300;

/** Lines over two axes. A line of one point is drawn as a dot. */
export function linePlot(lines: readonly Line[], x: Axis, y: Axis, words: PlotWords): string {
  const rows = lines.flatMap(({ name, points, color }) =>
    points.map(([px, py]) => ({ name, x: px, y: py, color })),
  );
  const stroke = ({ color }: Row): string => (color === undefined ? 'var(--soft)' : `var(--s${color})`);
  const faint = rows.filter(({ color }) => color === undefined);
  const strong = rows.filter(({ color }) => color !== undefined);
  return draw(
    {
      x: axisOptions(x),
      y: { ...axisOptions(y), grid: true },
      marks: [
        Plot.line(faint, {
          x: 'x',
          y: 'y',
          z: 'name',
          stroke,
          strokeWidth: 0.8,
          strokeOpacity: 0.5,
          clip: true,
        }),
        Plot.line(strong, { x: 'x', y: 'y', z: 'name', stroke, strokeWidth: 2, clip: true }),
        Plot.dot(
          strong.filter(({ name }) => lines.find((line) => line.name === name)!.points.length === 1),
          { x: 'x', y: 'y', fill: stroke, r: 4 },
        ),
      ],
    },
    words,
  );
}

interface Row {
  name: string;
  x: number;
  y: number;
  color: Line['color'];
}

/** How accurate answers of each confidence are, beside the line on which they would be as accurate as they say. */
export function reliabilityPlot(
  bins: readonly { confidence: number; accuracy: number; count: number }[],
  words: PlotWords,
): string {
  const filled = bins.filter(({ count }) => count > 0);
  const ideal = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  const mark = { x: 'confidence', y: 'accuracy' };
  return draw(
    {
      x: axisOptions({ label: 'confidence' }),
      y: { ...axisOptions({ label: 'accuracy' }), grid: true },
      r: { range: [2, 9] },
      marks: [
        Plot.line(ideal, { x: 'x', y: 'y', stroke: 'var(--soft)', strokeDasharray: '4 4' }),
        Plot.line(filled, { ...mark, stroke: 'var(--s0)', strokeOpacity: 0.5 }),
        Plot.dot(filled, { ...mark, r: 'count', fill: 'var(--s0)', fillOpacity: 0.85 }),
      ],
    },
    words,
  );
}

/** Shares as bars, with a line where they would be unchanged. */
export function barPlot(
  bars: readonly { name: string; value: number }[],
  unchanged: number,
  label: string,
  words: PlotWords,
): string {
  return draw(
    {
      height: 60 + 22 * bars.length,
      marginLeft: 128,
      x: { ...axisOptions({ label, domain: [0, 1], format: '.0%' }), grid: true },
      y: { domain: bars.map(({ name }) => name), label: null, tickSize: 0 },
      marks: [
        Plot.barX(bars, { x: 'value', y: 'name', fill: 'var(--s0)', insetTop: 2, insetBottom: 2 }),
        Plot.ruleX([unchanged], { stroke: 'var(--s1)', strokeWidth: 2 }),
      ],
    },
    words,
  );
}

function axisOptions({
  label,
  domain = [0, 1],
  isLogarithmic = false,
  format,
  isCount = false,
}: Axis): Plot.ScaleOptions {
  return {
    label,
    domain,
    type: isLogarithmic ? 'log' : 'linear',
    labelArrow: 'none',
    ticks: isLogarithmic ? powersOfTen(domain) : isCount ? Math.min(8, domain[1] - domain[0]) : 6,
    ...(isCount ? { tickFormat: 'd' } : {}),
    ...(format === undefined ? {} : { tickFormat: format }),
  };
}

function powersOfTen([low, high]: readonly [low: number, high: number]): number[] {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  return Array.from({ length: last - first + 1 }, (_, step) => 10 ** (first + step));
}

/** What is needed of an element; this project is compiled without the types of browsers. */
interface Drawn {
  readonly outerHTML: string;
  querySelector(selector: string): Drawn | null;
  querySelectorAll(selector: string): Iterable<Drawn>;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
}

/** Draws in a document of its own: there is no browser here. */
function draw(options: Plot.PlotOptions, { title, description }: PlotWords): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as { document: never };
  const chart = Plot.plot({
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 48,
    marginTop: 30,
    marginRight: 30,
    marginBottom: 40,
    document,
    ...options,
  }) as unknown as Drawn;
  // One picture with a text of its own; what its parts are called would only be read out of place.
  for (const part of chart.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  chart.setAttribute('role', 'img');
  chart.setAttribute('aria-label', `${title}. ${description}`);
  chart.querySelector('style')?.remove();
  // More digits make the page larger and not better.
  const rounded = (values: string): string =>
    values.replace(/-?\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 10) / 10));
  return chart.outerHTML.replace(/ (?:d|x|y|[xy][12]|width|height|transform)="[^"]*"/g, rounded);
}

/**
 * Leaves out points that would be drawn on the one before: those nearer than a share of both axes. The last one stays.
 *
 * @param place where a point is drawn, from 0 to 1 on both axes
 */
export function thinned(
  points: readonly Point[],
  place: (point: Point) => Point = (point) => point,
  step = 1 / 300,
): Point[] {
  const kept: Point[] = [];
  let [lastX, lastY] = [-Infinity, -Infinity];
  points.forEach((point, index) => {
    const [x, y] = place(point);
    const isNear = Math.abs(x - lastX) < step && Math.abs(y - lastY) < step;
    if (isNear && index < points.length - 1) return;
    kept.push(point);
    [lastX, lastY] = [x, y];
  });
  return kept;
}
