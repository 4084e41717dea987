import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

import { spellOut } from '../../core/formats/unsafe-characters.js';
import { jsonAttribute } from '../drawing/markup.js';
import type { DrawnReadings, ReadingName, Readings } from './readings.js';

/** What a chart is called, and what it says for those who cannot see it. */
export interface ChartWords {
  title: string;
  description: string;
}

/** The size of a chart, in units of its own; a page scales it. */
export interface ChartSize {
  width: number;
  height: number;
}

/** A linear axis from 0 to 1, unless it is said otherwise. */
export interface Axis {
  label: string | null;
  domain?: readonly [low: number, high: number];
  isLogarithmic?: boolean;
  /** As d3-format has it, or a function. */
  format?: string | ((value: number) => string);
  /** Only whole numbers. */
  isCount?: boolean;
  /** Whether the domain is extended to round values. */
  nice?: boolean;
}

/** The room that a line chart or a dot chart takes, unless it is given another. */
export const CHART_SIZE: ChartSize = { width: 420, height: 300 };

/** The options of Observable Plot for an axis. */
export function axisOptions({
  label,
  domain = [0, 1],
  isLogarithmic = false,
  format,
  isCount = false,
  nice = false,
}: Axis): Plot.ScaleOptions {
  return {
    label,
    domain,
    nice,
    type: isLogarithmic ? 'log' : 'linear',
    labelArrow: 'none',
    ticks: isCount ? Math.min(8, domain[1] - domain[0]) : 6,
    ...(isLogarithmic ? { ticks: logarithmicTicks(domain) } : {}),
    ...(isCount ? { tickFormat: 'd' } : {}),
    ...(format === undefined ? {} : { tickFormat: format }),
  };
}

/** More ticks of small numbers would run into each other. */
const MAX_TICKS = 5;

/** Powers of ten, with their multiples where there is room. */
function logarithmicTicks([low, high]: readonly [low: number, high: number]): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high))];
  const ticks = [[1, 2, 5], [1, 3], [1]].map((multiples) =>
    Array.from({ length: last - first + 1 }, (_, step) => first + step)
      .flatMap((power) => multiples.map((multiple) => multiple * 10 ** power))
      .filter((value) => value >= low && value <= high),
  );
  return ticks.find((values) => values.length <= MAX_TICKS) ?? ticks.at(-1)!;
}

/** From the smallest to the largest value; a single one gets room on both sides. */
export function domainOf(values: readonly number[]): [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low < high) return [low, high];
  if (!Number.isFinite(low)) return [0, 1];
  const room = low === 0 ? 1 : Math.abs(low) * 0.1;
  return [low - room, low + room];
}

/** A scale of a chart that was drawn, from data to units of the drawing. */
interface DrawnScale {
  apply: (value: number | string) => number;
  domain: readonly (number | string)[];
  /** Of a scale of names. */
  bandwidth?: number;
}

/** What is needed of an element; this project is compiled without the types of browsers. */
interface Drawn {
  readonly outerHTML: string;
  scale(name: 'x' | 'y'): DrawnScale;
  querySelector(selector: string): Drawn | null;
  querySelectorAll(selector: string): Iterable<Drawn>;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
}

/**
 * Draws a chart as an SVG element, in a document of its own: there is no browser here. Without words it is a part of a figure,
 * which has them. With readings it stands in an element that holds them, for the script of its page.
 */
export function drawChart(options: Plot.PlotOptions, words?: ChartWords, readings?: Readings): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as { document: never };
  const chart = Plot.plot({
    ...CHART_SIZE,
    marginLeft: 48,
    marginTop: 30,
    marginRight: 30,
    marginBottom: 40,
    document,
    className: 'chart',
    ...options,
  }) as unknown as Drawn;
  // One picture with a text of its own; what its parts are called would only be read out of place.
  for (const part of chart.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  // A style sheet of a chart would hold for its whole page.
  chart.querySelector('style')?.remove();
  if (words) {
    chart.setAttribute('role', 'img');
    chart.setAttribute('aria-label', `${words.title}. ${words.description}`);
  }
  // The script says what marks are called; a browser's own hints would lie over its.
  if (readings) for (const title of chart.querySelectorAll('title')) title.remove();
  // Names in it were escaped by the document, but for control characters.
  const svg = rounded(spellOut(chart.outerHTML, '\n\t').replace(/ xmlns(?::xlink)?="[^"]*"/g, ''));
  if (!readings) return svg;
  return `<div class="plot" data-readings=${jsonAttribute(placed(readings, chart))}>${svg}</div>`;
}

/** Readings where they were drawn: in the middle of the band of a name, and within the axes, where marks beyond them are drawn. */
function placed({ by, titles, columns, points }: Readings, chart: Drawn): DrawnReadings {
  const [onX, onY] = (['x', 'y'] as const).map((name) => {
    const { apply, domain, bandwidth } = chart.scale(name);
    const [low, high] = domain as [number, number];
    return (value: number | string): number => {
      const isNumber = bandwidth === undefined && typeof value === 'number';
      const within = isNumber ? Math.min(Math.max(value, low), high) : value;
      return Math.round(10 * (apply(within) + (bandwidth ?? 0) / 2)) / 10;
    };
  });
  const named = ({ text, ...color }: ReadingName): ReadingName => ({ text: spellOut(text), ...color });
  return {
    by,
    titles: titles.map(named),
    columns: columns.map(named),
    points: points.map(({ title, x, y, values }) => [
      ...([title, onX!(x), y.map((value) => (value === null ? null : onY!(value)))] as const),
      ...values,
    ]),
  };
}

/** Coordinates to a tenth: more digits make a file larger and not better. */
function rounded(markup: string): string {
  return markup.replace(/ (?:d|c?x|c?y|r|[xy][12]|width|height|transform)="[^"]*"/g, (values) =>
    values.replace(/-?\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 10) / 10)),
  );
}
