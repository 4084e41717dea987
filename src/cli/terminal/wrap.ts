import { Help } from 'commander';

/** A paragraph broken into lines of at most `width` columns, each indented. */
export function wrapped(text: string, width: number, indent: string): string {
  const lines = new Help().boxWrap(text, width - indent.length);
  return lines.replaceAll(/^/gm, indent);
}
