import { Chalk } from 'chalk';

import type { Picture } from '../../reports/drawing/picture.js';
import { cleanLine, signColors } from './clean.js';
import type { Style } from './style.js';
import { rowOf } from '../../core/images.js';

/**
 * A picture as lines of half-block characters, each showing two pixels, one above the other. Without colours, pixels brighter than
 * the mean of the darkest and the brightest are drawn.
 */
export function halfBlocks(picture: Picture, { level }: Style): string[] {
  const cell = level > 0 ? coloredCell(picture) : plainCell(picture);
  return Array.from({ length: Math.ceil(picture.height / 2) }, (_, row) =>
    Array.from({ length: picture.width }, (_, x) => cell(x, 2 * row)).join(''),
  );
}

type Cell = (x: number, y: number) => string;

function coloredCell({ width, height, channels, data }: Picture): Cell {
  // Palettes of 16 colours have hardly any grey; almost all colour terminals have 256.
  const chalk = new Chalk({ level: 2 });
  const colorAt = (x: number, y: number): [number, number, number] => {
    const at = (y * width + x) * channels;
    const red = y < height ? data[at]! : 0;
    return channels === 1 || y >= height ? [red, red, red] : [red, data[at + 1]!, data[at + 2]!];
  };
  return (x, y) => signColors(chalk.rgb(...colorAt(x, y)).bgRgb(...colorAt(x, y + 1))('▀'));
}

function plainCell({ width, height, channels, data }: Picture): Cell {
  const brightness = Array.from({ length: width * height }, (_, pixel) =>
    rowOf(data, pixel, channels).reduce((sum, value) => sum + value, 0),
  );
  const middle = (Math.min(...brightness) + Math.max(...brightness)) / 2;
  const isDrawn = (x: number, y: number): number => ((brightness[y * width + x] ?? 0) > middle ? 1 : 0);
  return (x, y) => ' ▀▄█'.charAt(isDrawn(x, y) + 2 * isDrawn(x, y + 1));
}

/** Pictures with a name above each, as many side by side as fit. */
export function gallery(
  pictures: readonly { name: string; picture: Picture }[],
  width: number,
  style: Style,
): string {
  const cellWidth = Math.max(...pictures.map(({ picture }) => picture.width), 1) + 1;
  const perLine = Math.max(1, Math.floor(width / cellWidth));
  const lines: string[] = [];
  for (let start = 0; start < pictures.length; start += perLine) {
    const shown = pictures.slice(start, start + perLine);
    lines.push(
      shown
        .map(({ name }) => fit(name, cellWidth - 1))
        .join(' ')
        .trimEnd(),
    );
    const blocks = shown.map(({ picture }) => ({ picture, rows: halfBlocks(picture, style) }));
    const height = Math.max(...blocks.map(({ rows }) => rows.length));
    for (let row = 0; row < height; row++) {
      const cells = blocks.map(({ picture, rows }) => {
        const padding = ' '.repeat(cellWidth - 1 - picture.width);
        return `${rows[row] ?? ' '.repeat(picture.width)}${padding}`;
      });
      lines.push(cells.join(' ').trimEnd());
    }
  }
  return lines.join('\n');
}

function fit(text: string, width: number): string {
  const name = cleanLine(text);
  return name.length <= width ? name.padEnd(width) : `${name.slice(0, width - 1)}…`;
}
