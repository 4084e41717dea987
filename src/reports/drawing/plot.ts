import { scaleLinear, scaleLog, scalePoint } from 'd3-scale';
import { line } from 'd3-shape';
import sharp from 'sharp';

import { writeFileAtomically } from '../../core/files.js';
import { escapeMarkup, shorten } from './markup.js';

/** Where a panel lies in its picture, with room for its axes around it. */
export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What stands around a panel. */
export interface PanelWords {
  title: string;
  x: string;
  y: string;
}

/** How a value is drawn: a class of the style sheet below. */
export type Ink = 'faint' | 'strong' | `series${number}`;

/** Values of one kind, from left to right. */
export interface Curve {
  name: string;
  ink: Ink;
  /** Whether it is dashed, to be told from another of its colour. */
  dashed?: boolean;
  points: readonly (readonly [x: number, y: number])[];
}

/** A dot of a scatter plot: over a number, or over one of some names. */
export interface Dot {
  name: string;
  ink: Ink;
  x: number | string;
  y: number;
}

/** Colours that stay apart from each other, on light and on dark ground (after Tableau's ten). */
const SERIES = ['#4e79a7', '#e8762b', '#3f8f52', '#d1495b', '#8b6bb1', '#9c755f', '#c7559b', '#2a9d9d'];

/** The colour of a series; there are eight, and then they begin again. */
export function seriesInk(index: number): Ink {
  return `series${index % SERIES.length}`;
}

const TICKS = 5;
/** Names under an axis, of which long ones are cut. */
const MAX_NAME = 12;

/** Of a sans-serif font of 12 pixels. */
const LETTER = 6.6;

type Scale = (value: number) => number;

/** Curves over whole numbers, such as epochs. */
export function curvesPanel(frame: Frame, words: PanelWords, curves: readonly Curve[]): string {
  const points = curves.flatMap((curve) => curve.points);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const x = scaleLinear(domainOf(xs), [frame.left, frame.left + frame.width]);
  const y = scaleLinear(domainOf(ys), [frame.top + frame.height, frame.top]).nice(TICKS);
  const path = line<readonly [number, number]>(
    ([px]) => x(px),
    ([, py]) => y(py),
  ).digits(1);
  const ticks = x.ticks(TICKS).filter(Number.isInteger);
  return [
    axes(
      frame,
      words,
      y.ticks(TICKS).map((value) => [y(value), y.tickFormat(TICKS)(value)] as const),
    ),
    ...ticks.map((value) => label(x(value), frame.top + frame.height + 16, String(value))),
    ...curves.map(({ name, ink, dashed, points: own }) => {
      const dashes = dashed ? ' stroke-dasharray="5 4"' : '';
      const [only] = own;
      const title = `<title>${escapeMarkup(name)}</title>`;
      // A line of one point would be none.
      if (own.length === 1) return dot(x(only![0]), y(only![1]), ink, name);
      return `<path class="line ${ink}"${dashes} d="${path(own) ?? ''}">${title}</path>`;
    }),
  ].join('');
}

/** Dots over numbers (on a logarithmic axis, if wanted) or over names. */
export function dotsPanel(
  frame: Frame,
  words: PanelWords,
  dots: readonly Dot[],
  { logarithmic = false }: { logarithmic?: boolean } = {},
): string {
  const y = scaleLinear(domainOf(dots.map((one) => one.y)), [frame.top + frame.height, frame.top]).nice(
    TICKS,
  );
  const { at, ticks } = horizontal(frame, dots, logarithmic);
  return [
    axes(
      frame,
      words,
      y.ticks(TICKS).map((value) => [y(value), y.tickFormat(TICKS)(value)] as const),
    ),
    ...ticks.map(([position, text]) => label(position, frame.top + frame.height + 16, text)),
    ...dots.map((one) => dot(at(one.x), y(one.y), one.ink, one.name)),
  ].join('');
}

function horizontal(
  { left, width }: Frame,
  dots: readonly Dot[],
  logarithmic: boolean,
): { at: (x: number | string) => number; ticks: (readonly [number, string])[] } {
  const range = [left + 8, left + width - 8];
  const numbers = dots.flatMap(({ x }) => (typeof x === 'number' ? [x] : []));
  if (numbers.length === dots.length && numbers.length > 0) {
    const scale = logarithmic ? scaleLog(domainOf(numbers), range) : scaleLinear(domainOf(numbers), range);
    const format = logarithmic ? scale.tickFormat(TICKS, '~g') : scale.tickFormat(TICKS);
    const ticks = scale.ticks(TICKS).map((value) => [scale(value), format(value)] as const);
    return {
      at: scale as Scale as (x: number | string) => number,
      ticks: apart(ticks.filter(([, text]) => text !== '')),
    };
  }
  const names = [...new Set(dots.map(({ x }) => String(x)))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const scale = scalePoint(names, range).padding(0.5);
  const at = (x: number | string): number => scale(String(x))!;
  return { at, ticks: names.map((name) => [at(name), shorten(name, MAX_NAME)] as const) };
}

/** Those of some labels that do not run into the one before them. */
function apart(
  labels: readonly (readonly [position: number, text: string])[],
): (readonly [number, string])[] {
  const kept: (readonly [number, string])[] = [];
  for (const one of labels) {
    const [position, text] = kept.at(-1) ?? [-Infinity, ''];
    if (one[0] - position >= (LETTER * (text.length + one[1].length)) / 2 + LETTER) kept.push(one);
  }
  return kept;
}

/** Names of curves with their colours, from a place downwards. */
export function legend(left: number, top: number, curves: readonly Curve[]): string {
  return curves
    .map(({ name, ink, dashed }, index) => {
      const y = top + 18 * index;
      const dashes = dashed ? ' stroke-dasharray="5 4"' : '';
      return `<path class="line ${ink}"${dashes} d="M${left} ${y}h22"/><text x="${left + 28}" y="${y + 4}">${escapeMarkup(name)}</text>`;
    })
    .join('');
}

/** A picture of panels, as an SVG file: light or dark as the reader's system is, with words for those who cannot see it. */
export function plotDocument(
  { width, height }: Pick<Frame, 'width' | 'height'>,
  { title, description }: { title: string; description: string },
  parts: readonly string[],
): string {
  const series = SERIES.map(
    (color, index) => `.line.series${index}{stroke:${color}}.dot.series${index}{fill:${color}}`,
  );
  const style = [
    'svg{color-scheme:light dark;background:#fff}.ground{fill:#fff}text{fill:#3d4048;font:12px sans-serif}',
    '.title{font-size:14px;font-weight:600}.grid{stroke:#dcdcd6}.line{fill:none;stroke-width:2;stroke-linejoin:round}',
    '.line.faint{stroke:#8a8f9b;stroke-width:1;stroke-opacity:.7}.line.strong{stroke:#c2410c;stroke-width:2.5}',
    '.dot.faint{fill:#4e79a7;fill-opacity:.6}.dot.strong{fill:#c2410c}',
    ...series,
    '@media (prefers-color-scheme:dark){svg{background:#15161a}.ground{fill:#15161a}text{fill:#c9ccd4}.grid{stroke:#363a44}.line.strong{stroke:#fb923c}.dot.strong{fill:#fb923c}}',
  ].join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escapeMarkup(title)}</title><desc id="description">${escapeMarkup(description)}</desc>`,
    `<style>${style}</style><rect class="ground" width="${width}" height="${height}"/>`,
    ...parts,
    '</svg>\n',
  ].join('');
}

/** Writes a picture: as it is, or drawn in pixels where the file's name ends with `.png`. */
export async function writePlot(path: string, markup: string): Promise<void> {
  const isPixels = path.toLowerCase().endsWith('.png');
  await writeFileAtomically(
    path,
    isPixels ? await sharp(Buffer.from(markup), { density: 144 }).png().toBuffer() : markup,
  );
}

function axes(
  { left, top, width, height }: Frame,
  { title, x, y }: PanelWords,
  ticks: readonly (readonly [position: number, text: string])[],
): string {
  return [
    `<text class="title" x="${left}" y="${top - 12}">${escapeMarkup(title)}</text>`,
    ...ticks.map(
      ([position, text]) =>
        `<path class="grid" d="M${left} ${at(position)}h${width}"/><text x="${left - 6}" y="${at(position + 4)}" text-anchor="end">${text}</text>`,
    ),
    label(left + width / 2, top + height + 34, x),
    `<text transform="translate(${left - 42} ${top + height / 2}) rotate(-90)" text-anchor="middle">${escapeMarkup(y)}</text>`,
  ].join('');
}

function label(x: number, y: number, text: string): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="middle">${escapeMarkup(text)}</text>`;
}

function dot(x: number, y: number, ink: Ink, name: string): string {
  return `<circle class="dot ${ink}" cx="${at(x)}" cy="${at(y)}" r="4"><title>${escapeMarkup(name)}</title></circle>`;
}

/** From the smallest to the largest value; a single one gets room on both sides. */
function domainOf(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low < high) return [low, high];
  const room = low === 0 || !Number.isFinite(low) ? 1 : Math.abs(low) * 0.1;
  return Number.isFinite(low) ? [low - room, low + room] : [0, 1];
}

/** A coordinate, to a tenth. */
function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}
