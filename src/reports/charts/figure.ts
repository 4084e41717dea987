import * as Plot from '@observablehq/plot';
import sharp from 'sharp';

import { escapeMarkup } from '../drawing/markup.js';
import { drawChart, type ChartSize, type ChartWords } from './chart.js';

/** A chart and where it lies in its figure. */
export interface Panel {
  left: number;
  top: number;
  chart: string;
}

/** Colours that stay apart from each other, on light and on dark ground (after Tableau's ten). */
const SERIES = ['#4e79a7', '#e8762b', '#3f8f52', '#d1495b', '#8b6bb1', '#9c755f', '#c7559b', '#2a9d9d'];

/** The colour of a series; there are eight, and then they begin again. */
export function seriesColor(index: number): string {
  return SERIES[index % SERIES.length]!;
}

/** An entry of a legend. */
export interface LegendEntry {
  name: string;
  color: string;
  mark: 'line' | 'dashed line' | 'dot';
}

/** The legend of lines. */
export function lineLegend(
  lines: readonly { name: string; color: string; style?: 'faint' | 'dashed' }[],
): LegendEntry[] {
  return lines.map(({ name, color, style }) => {
    return { name, color, mark: style === 'dashed' ? 'dashed line' : 'line' };
  });
}

const LEGEND_ROW = 20;

/** How high the legend of so many entries is. */
export function legendHeight(entries: number): number {
  return LEGEND_ROW * entries + 8;
}

/** What the marks of a figure stand for, one below the other. */
export function legendChart(entries: readonly LegendEntry[], width: number): string {
  return drawChart({
    ...{ width, height: legendHeight(entries.length), marginTop: 4, marginBottom: 4 },
    ...{ marginLeft: 8, marginRight: 0, style: { fontSize: '12px' } },
    x: { axis: null, type: 'linear', domain: [0, width - 8] },
    y: { axis: null, type: 'band', domain: [...entries.keys()] },
    marks: entries.flatMap(({ name, color, mark }, y) => [
      mark === 'dot'
        ? Plot.dot([y], { x: 10, y, r: 6, fill: color })
        : Plot.link([y], {
            ...{ x1: 0, x2: 22, y1: y, y2: y, stroke: color, strokeWidth: 2 },
            ...(mark === 'dashed line' ? { strokeDasharray: '5 4' } : {}),
          }),
      Plot.text([name], { x: 30, y, textAnchor: 'start', fill: 'currentColor' }),
    ]),
  });
}

/** How much of a figure its title takes. */
export const TITLE_HEIGHT = 36;

/**
 * A picture of charts under a title, as an SVG file: light or dark as the reader's system is, with words for those who cannot see
 * it.
 */
export function figure(
  { width, height }: ChartSize,
  { title, description }: ChartWords,
  panels: readonly Panel[],
): string {
  const style = [
    'svg{color:#3d4048;font:12px sans-serif}.ground{fill:#fff}.title{fill:currentColor;font-size:15px;font-weight:600}',
    '@media (prefers-color-scheme:dark){svg{color:#c9ccd4}.ground{fill:#15161a}}',
  ].join('');
  const placed = panels.map(
    ({ left, top, chart }) => `<g transform="translate(${left} ${top})">${chart}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escapeMarkup(title)}</title><desc id="description">${escapeMarkup(description)}</desc>`,
    `<style>${style}</style><rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="title" x="16" y="26">${escapeMarkup(title)}</text>`,
    ...placed,
    '</svg>\n',
  ].join('');
}

/** What a figure's file holds: pixels where its name ends with `.png`, else SVG. Texts of pixels are set in a font of the system. */
export async function encodeFigure(path: string, markup: string): Promise<string | Buffer> {
  if (!path.toLowerCase().endsWith('.png')) return markup;
  return sharp(Buffer.from(markup), { density: 144 }).png({ compressionLevel: 9 }).toBuffer();
}
