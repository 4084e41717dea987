import { Help } from 'commander';

/** Narrower columns are hard to read. */
export const MIN_COLUMN = 20;

/** A paragraph broken into lines of at most `width` columns, each indented. */
export function wrapped(text: string, width: number, indent: string): string {
  const lines = new Help().boxWrap(text, width - indent.length);
  return lines.replaceAll(/^/gm, indent);
}

/** The same where the first line begins at a column, and those below it too. */
export function hanging(text: string, width: number, column: number): string {
  return wrapped(text, Math.max(width, column + MIN_COLUMN), ' '.repeat(column)).trimStart();
}

/** Terms, each with its explanation beside it, which is broken into lines below each other. */
export function definitions(rows: readonly (readonly [term: string, text: string])[], width: number): string {
  const column = Math.max(0, ...rows.map(([term]) => term.length)) + 2;
  return rows.map(([term, text]) => `${term.padEnd(column)}${hanging(text, width, column)}`).join('\n');
}
