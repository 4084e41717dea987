import * as Plot from '@observablehq/plot';

import { shorten } from '../drawing/markup.js';
import { axisOptions, domainOf, drawChart, type Axis, type ChartSize } from './chart.js';

/** A dot: over a number, or over one of some names. */
export interface Dot {
  name: string;
  color: string;
  opacity: number;
  x: number | string;
  y: number;
}

/** Names under an axis, of which long ones are cut. */
const MAX_NAME = 12;

/** Dots over numbers (on a logarithmic axis, if wanted) or over names; the last ones lie above. */
export function dotChart(
  dots: readonly Dot[],
  { x, y, size }: { x: Pick<Axis, 'label' | 'isLogarithmic'>; y: Axis; size: ChartSize },
): string {
  return drawChart({
    ...size,
    x: { ...horizontal(dots, x), inset: 8 },
    y: { ...axisOptions(y), grid: true },
    marks: [
      Plot.dot(dots, {
        ...{ x: 'x', y: 'y', title: 'name', r: 4, fill: { value: 'color', scale: null } },
        ...{ fillOpacity: { value: 'opacity', scale: null }, sort: null },
      }),
    ],
  });
}

function horizontal(
  dots: readonly Dot[],
  { label, isLogarithmic = false }: Pick<Axis, 'label' | 'isLogarithmic'>,
): Plot.ScaleOptions {
  const numbers = dots.flatMap(({ x }) => (typeof x === 'number' ? [x] : []));
  if (numbers.length === dots.length && numbers.length > 0) {
    const options = axisOptions({ label, isLogarithmic, domain: domainOf(numbers) });
    return isLogarithmic ? { ...options, tickFormat: '~g' } : { ...options, ticks: 4 };
  }
  const names = [...new Set(dots.map(({ x }) => String(x)))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  return {
    ...{ label, labelArrow: 'none', type: 'point', domain: names, padding: 0.5 },
    tickFormat: (name: string) => shorten(name, MAX_NAME),
  };
}
