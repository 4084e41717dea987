import type { Style } from '../style.js';
import { table } from '../table.js';

/** A wider matrix would not fit a terminal; the JSON output and the report have all of it. */
const MAX_CLASSES = 12;

interface Counts {
  confusion: readonly (readonly number[])[];
  perClass: readonly { name: string }[];
}

/**
 * A confusion matrix under its title; nothing where it would not fit.
 *
 * @param abstained the images of each class that are sent to a person; left out, there is no column for them
 */
export function confusionMatrix(
  title: string,
  { confusion, perClass }: Counts,
  { bold, dim }: Style,
  abstained?: readonly number[],
): string[] {
  if (perClass.length > MAX_CLASSES) return [];
  const names = perClass.map(({ name }) => name);
  const shown = (times: number): string => (times === 0 ? dim('·') : String(times));
  const rows = confusion.map((row, actual) => [
    names[actual]!,
    ...row.map((times, column) => (actual === column ? bold(String(times)) : shown(times))),
    ...(abstained ? [shown(abstained[actual]!)] : []),
  ]);
  return [title, table(['', ...names, ...(abstained ? ['ask a person'] : [])], rows), ''];
}
