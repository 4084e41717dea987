import { stripVTControlCharacters } from 'node:util';

import Table from 'cli-table3';

import { cleanLine } from './clean.js';
import { MIN_COLUMN } from './wrap.js';

/** Columns between two cells. */
const GAP = 2;

/**
 * A table without borders; numbers are right-aligned.
 *
 * @param width of the terminal: the cells of the last column are broken into lines that fit
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  width = Infinity,
): string {
  const borderless = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'];
  const chars = Object.fromEntries(
    [...borderless, 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'].map(
      (name) => [name, ''],
    ),
  );
  const numeric = head.map((_, column) => rows.every((row) => isNumeric(row[column])));
  const made = new Table({
    head: head.map(cleanLine),
    chars: { ...chars, middle: ' '.repeat(GAP) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    ...columnWidths([head, ...rows], width),
    colAligns: numeric.map((isRight) => (isRight ? 'right' : 'left')),
  });
  made.push(...rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cleanLine(cell) : cell))));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function columnWidths(
  rows: readonly (readonly (string | number)[])[],
  width: number,
): { colWidths?: number[]; wordWrap?: boolean } {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => stripVTControlCharacters(String(row[column] ?? '')).length)),
  );
  const last = widths.pop() ?? 0;
  const rest = width - widths.reduce((sum, column) => sum + column + GAP, 0);
  return last <= rest ? {} : { colWidths: [...widths, Math.max(MIN_COLUMN, rest)], wordWrap: true };
}

function isNumeric(cell: string | number | undefined): boolean {
  return /^[-–·\d.,%\s]*$/.test(stripVTControlCharacters(String(cell ?? '')));
}
