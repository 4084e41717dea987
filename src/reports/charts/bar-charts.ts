import * as Plot from '@observablehq/plot';

import { count } from '../../core/format.js';
import { shorten } from '../drawing/markup.js';
import { axisOptions, drawChart, type ChartWords } from './chart.js';

/** Values of one kind over all classes, such as the training images of each. */
export interface Series {
  name: string;
  /** As CSS has it. */
  color: string;
  values: readonly number[];
}

const ROW = 22;
/** Above and below the rows: the axis and its label. */
const FRAME = 48;
const TOP = 8;
const MAX_NAME = 16;
/** The mean width of a letter at the size of a chart's text. */
const LETTER = 6.6;

/** A bar for each name, with a line at the value that all are compared with. Values are read with their names in `columns`. */
export function barChart(
  bars: readonly { name: string; value: number; read: readonly string[] }[],
  { reference, label, columns }: { reference: number; label: string; columns: readonly string[] },
  words: ChartWords,
): string {
  return drawChart(
    {
      height: FRAME + ROW * bars.length,
      marginTop: TOP,
      marginLeft: roomFor(bars.map(({ name }) => name)),
      x: { ...axisOptions({ label, domain: [0, 1], format: '.0%' }), grid: true },
      y: { domain: bars.map(({ name }) => name), label: null, tickSize: 0 },
      marks: [
        Plot.barX(bars, { x: 'value', y: 'name', fill: 'var(--s0)', insetTop: 2, insetBottom: 2 }),
        Plot.ruleX([reference], { stroke: 'var(--s1)', strokeWidth: 2 }),
      ],
    },
    words,
    {
      by: 'y',
      titles: bars.map(({ name }) => ({ text: name })),
      columns: columns.map((text) => ({ text })),
      points: bars.map(({ name, value, read }, title) => ({ title, x: value, y: [name], values: read })),
    },
  );
}

/** A bar for each name, made of the series one after the other. */
export function stackedBars(
  names: readonly string[],
  series: readonly Series[],
  label: string,
  words: ChartWords,
): string {
  const shown = names.map((name) => shorten(name, MAX_NAME));
  const rows = series.flatMap(({ color, values }) =>
    names.map((_, row) => ({ row, value: values[row] ?? 0, color })),
  );
  return drawChart(
    {
      height: FRAME + ROW * names.length,
      marginTop: TOP,
      marginLeft: roomFor(shown),
      x: { label, labelArrow: 'none', nice: true, ticks: 4, grid: true },
      // By row: two long names may be the same when they are cut.
      y: { domain: [...names.keys()], tickFormat: (row: number) => shown[row]!, label: null, tickSize: 0 },
      marks: [
        Plot.barX(rows, {
          ...{ x: 'value', y: 'row', fill: { value: 'color', scale: null } },
          ...{ insetTop: 2, insetBottom: 2 },
        }),
      ],
    },
    words,
    {
      by: 'y',
      titles: names.map((text) => ({ text })),
      columns: series.map(({ name, color }) => ({ text: name, color })),
      points: names.map((_, row) => {
        const values = series.map((part) => part.values[row] ?? 0);
        return {
          title: row,
          x: values.reduce((sum, value) => sum + value, 0),
          y: [row],
          values: values.map(count),
        };
      }),
    },
  );
}

function roomFor(names: readonly string[]): number {
  return 14 + LETTER * Math.max(1, ...names.map((name) => name.length));
}

/** How many pixels have which value, on a scale on which both thousands and millions can be seen. */
export function pixelHistogram(histogram: readonly number[], words: ChartWords): string {
  const most = Math.max(...histogram, 1);
  const powers = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, power) => 10 ** power);
  const step = Math.ceil(powers.length / 5);
  // The last step needs an end of its own.
  const steps = [...histogram, histogram.at(-1) ?? 0].map((pixels, pixel) => ({ pixel, pixels }));
  const compact = new Intl.NumberFormat('en-US', { notation: 'compact' });
  return drawChart(
    {
      x: {
        label: 'pixel value',
        labelArrow: 'none',
        domain: [0, histogram.length],
        ticks: [0, 64, 128, 192, 255],
      },
      y: {
        ...{ label: 'pixels', labelArrow: 'none', type: 'symlog', domain: [0, most], grid: true },
        ticks: powers.filter((_, index) => index % step === 0),
        tickFormat: (value: number) => compact.format(value),
      },
      marks: [Plot.areaY(steps, { x: 'pixel', y: 'pixels', fill: 'var(--s0)', curve: 'step-after' })],
    },
    words,
    {
      by: 'x',
      titles: histogram.map((_, pixel) => ({ text: `Pixel value ${pixel}` })),
      columns: [{ text: 'pixels' }],
      points: histogram.map((pixels, pixel) => ({
        // A step begins at its value.
        ...{ title: pixel, x: pixel + 0.5, y: [pixels], values: [count(pixels)] },
      })),
    },
  );
}
