import { stripVTControlCharacters } from 'node:util';

import Table from 'cli-table3';

/** A table without borders; numbers are right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const borderless = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'];
  const chars = Object.fromEntries(
    [...borderless, 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'].map(
      (name) => [name, ''],
    ),
  );
  const numeric = head.map((_, column) => rows.every((row) => isNumeric(row[column])));
  const made = new Table({
    head: [...head],
    chars: { ...chars, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: numeric.map((isRight) => (isRight ? 'right' : 'left')),
  });
  made.push(...rows.map((row) => [...row]));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function isNumeric(cell: string | number | undefined): boolean {
  return /^[-–·\d.,%\s]*$/.test(stripVTControlCharacters(String(cell ?? '')));
}
