import { scaleBand, scaleLinear, scaleSymlog } from 'd3-scale';
import { area, curveStepAfter } from 'd3-shape';

import { escapeMarkup, shorten } from './markup.js';

/** A chart's words: a name, and what it says for those who cannot see it. */
export interface ChartWords {
  /** What makes its identifiers unlike those of the page's other charts. */
  id: string;
  title: string;
  description: string;
}

/** Values of one kind over all classes, such as the training images of each. */
export interface Series {
  name: string;
  /** A class of the page's style sheet, which gives the colour. */
  style: string;
  values: readonly number[];
}

const WIDTH = 340;
const ROW = 22;
const AXIS = 22;
const TOP = 6;
const RIGHT = 22;
const LETTER = 6.6;
const MAX_NAME = 16;

/** Bars from left to right, one for each class, made of the series one after the other. */
export function stackedBars(names: readonly string[], series: readonly Series[], words: ChartWords): string {
  const shown = names.map((name) => shorten(name, MAX_NAME));
  const left = 10 + Math.max(...shown.map((name) => name.length)) * LETTER;
  const bottom = TOP + names.length * ROW;
  const totals = names.map((_, row) => series.reduce((sum, { values }) => sum + (values[row] ?? 0), 0));
  const x = scaleLinear()
    .domain([0, Math.max(...totals, 1)])
    .nice(5)
    .range([left, WIDTH - RIGHT]);
  const y = scaleBand<number>()
    .domain(names.map((_, row) => row))
    .range([TOP, bottom])
    .paddingInner(0.28)
    .paddingOuter(0.14);
  const bars = names.flatMap((name, row) => {
    let start = 0;
    return series.map(({ name: part, style, values }) => {
      const value = values[row] ?? 0;
      const from = x(start);
      start += value;
      const text = escapeMarkup(`${name}, ${part}: ${numberText(value)}`);
      return `<rect class="${style}" x="${at(from)}" y="${at(y(row)!)}" width="${at(x(start) - from)}" height="${at(y.bandwidth())}"><title>${text}</title></rect>`;
    });
  });
  const labels = shown.map(
    (name, row) =>
      `<text x="${at(left - 6)}" y="${at(y(row)! + y.bandwidth() / 2 + 4)}" text-anchor="end">${escapeMarkup(name)}</text>`,
  );
  const ticks = x.ticks(3).map((value) => tick(x(value), bottom, numberText(value)));
  return svg(bottom + AXIS, words, [...ticks, ...bars, ...labels]);
}

/** How many pixels have which value, on a scale on which both thousands and millions can be seen. */
export function pixelHistogram(histogram: readonly number[], words: ChartWords): string {
  const left = 44;
  const bottom = 170;
  const x = scaleLinear()
    .domain([0, histogram.length])
    .range([left, WIDTH - RIGHT]);
  const most = Math.max(...histogram, 1);
  const y = scaleSymlog().domain([0, most]).range([bottom, TOP]);
  // The last step needs an end of its own.
  const points = [...histogram, histogram.at(-1) ?? 0].map((count, pixel): [number, number] => [
    pixel,
    count,
  ]);
  const shape = area()
    .x(([pixel]) => x(pixel))
    .y0(bottom)
    .y1(([, count]) => y(count))
    .curve(curveStepAfter)
    .digits(1)(points);
  const powers = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, power) => 10 ** power);
  const step = Math.ceil(powers.length / 5);
  const lines = powers
    .filter((_, index) => index % step === 0)
    .map(
      (value) =>
        `<line class="grid" x1="${left}" x2="${WIDTH - RIGHT}" y1="${at(y(value))}" y2="${at(y(value))}"/><text x="${left - 6}" y="${at(y(value) + 4)}" text-anchor="end">${compact(value)}</text>`,
    );
  const ticks = [0, 64, 128, 192, 255].map(
    (value) =>
      `<text x="${at(x(value))}" y="${bottom + 16}" text-anchor="${value === 255 ? 'end' : 'middle'}">${value}</text>`,
  );
  return svg(bottom + AXIS, words, [...lines, `<path class="s0" d="${shape ?? ''}"/>`, ...ticks]);
}

function svg(height: number, { id, title, description }: ChartWords, parts: readonly string[]): string {
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">`,
    `<title id="${id}-title">${escapeMarkup(title)}</title><desc id="${id}-text">${escapeMarkup(description)}</desc>`,
    ...parts,
    '</svg>',
  ].join('');
}

function tick(x: number, bottom: number, text: string): string {
  return `<line class="grid" x1="${at(x)}" x2="${at(x)}" y1="${TOP}" y2="${bottom}"/><text x="${at(x)}" y="${bottom + 16}" text-anchor="middle">${text}</text>`;
}

/** A coordinate, to a tenth: more makes the page larger and not better. */
function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function numberText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

function compact(value: number): string {
  return new Intl.NumberFormat('en-US', { notation: 'compact' }).format(value);
}
