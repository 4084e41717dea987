import * as Plot from '@observablehq/plot';

import { count, percent } from '../../core/format.js';
import type { Point } from '../../evaluation/curves.js';
import type { Readings } from './readings.js';
import { axisOptions, CHART_SIZE, drawChart, type Axis, type ChartSize, type ChartWords } from './chart.js';

/** A line of a chart. */
export interface Line {
  name: string;
  points: readonly Point[];
  /** As CSS has it. */
  color: string;
  style?: 'faint' | 'dashed';
}

/** How each style of line is drawn, the ones below first. */
const STYLES = [
  ['faint', { strokeWidth: 1, strokeOpacity: 0.6 }],
  ['dashed', { strokeWidth: 1.5, strokeDasharray: '5 4' }],
  ['plain', { strokeWidth: 2 }],
] as const;

/**
 * Lines over two axes. A line of one point is drawn as a dot, a dashed one as a circle; what lies before a logarithmic axis, at its
 * beginning.
 */
export function lineChart(
  lines: readonly Line[],
  { x, y, size = CHART_SIZE }: { x: Axis; y: Axis; size?: ChartSize },
  words?: ChartWords,
  readings?: Readings,
): string {
  const first = x.isLogarithmic && x.domain ? x.domain[0] : -Infinity;
  const rowsOf = (shown: readonly Line[]): Row[] =>
    shown.flatMap(({ name, points, color, style }) =>
      points.map(([px, py]) => ({
        name,
        x: Math.max(px, first),
        y: py,
        color,
        isDashed: style === 'dashed',
      })),
    );
  const single = rowsOf(lines.filter(({ points }) => points.length === 1));
  const channels = { x: 'x', y: 'y', title: 'name' };
  const color = { value: 'color', scale: null };
  return drawChart(
    {
      ...size,
      x: axisOptions(x),
      y: { ...axisOptions(y), grid: true },
      marks: [
        ...STYLES.map(([name, look]) =>
          Plot.line(rowsOf(lines.filter(({ style = 'plain' }) => style === name)), {
            ...{ ...channels, ...look, z: 'name', stroke: color, clip: true },
          }),
        ),
        Plot.dot(
          single.filter(({ isDashed }) => !isDashed),
          { ...channels, fill: color, r: 4 },
        ),
        Plot.dot(
          single.filter(({ isDashed }) => isDashed),
          { ...channels, stroke: color, r: 4, strokeWidth: 2 },
        ),
      ],
    },
    words,
    readings,
  );
}

interface Row {
  name: string;
  x: number;
  y: number;
  color: string;
  isDashed: boolean;
}

/** Accuracy by confidence, beside the diagonal of perfect calibration. */
export function reliabilityDiagram(
  bins: readonly { from: number; to: number; confidence: number; accuracy: number; count: number }[],
  words: ChartWords,
): string {
  const filled = bins.filter(({ count: images }) => images > 0);
  const ideal = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  const mark = { x: 'confidence', y: 'accuracy' };
  return drawChart(
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
    {
      by: 'x',
      titles: filled.map(({ from, to }) => ({ text: `Confidence ${percent(from)} – ${percent(to)}` })),
      columns: ['mean confidence', 'accuracy', 'images'].map((text) => ({ text })),
      points: filled.map(({ confidence, accuracy, count: images }, title) => ({
        ...{ title, x: confidence, y: [accuracy] },
        values: [percent(confidence), percent(accuracy), count(images)],
      })),
    },
  );
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
