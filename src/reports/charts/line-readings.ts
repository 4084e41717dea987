import type { Line } from './line-charts.js';
import type { Readings } from './readings.js';

/** A value in words. */
type Format = (value: number) => string;

/** The values of all lines over each place of the x axis. */
export function readingsAlongX(
  lines: readonly Line[],
  { title, value }: { title: Format; value: Format },
): Readings {
  const places = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const heights = lines.map(({ points }) => new Map(points));
  return {
    by: 'x',
    titles: places.map((x) => ({ text: title(x) })),
    columns: lines.map(({ name, color }) => ({ text: name, color })),
    points: places.map((x, place) => {
      const y = heights.map((line) => line.get(x) ?? null);
      return { title: place, x, y, values: y.map((height) => (height === null ? '–' : value(height))) };
    }),
  };
}

/** Both coordinates of each point, under the name of its line. */
export function readingsOfPoints(
  lines: readonly Line[],
  axes: readonly [x: { name: string; value: Format }, y: { name: string; value: Format }],
): Readings {
  return {
    by: 'point',
    titles: lines.map(({ name, color }) => ({ text: name, color })),
    columns: axes.map(({ name }) => ({ text: name })),
    points: lines.flatMap(({ points }, title) =>
      points.map(([x, y]) => ({ title, x, y: [y], values: [axes[0].value(x), axes[1].value(y)] })),
    ),
  };
}
