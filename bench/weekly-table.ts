import { OURS } from './contestants.js';
import { epochTimes, type RaceResult } from './report.js';
import { median, medianRatio } from './statistics.js';
import { tasks, type Task } from './tasks.js';

const TITLE = '## Week by week';

/** The rows are written by `npm run bench -- --quick --table`. */
const INTRODUCTION = `
Written by \`npm run bench -- --quick --table\`: seconds of a training epoch of this toolkit and, in brackets, how many times as long the
others take in the same rounds. A quick race is a first impression; a row is one race on one machine.
`;

const OTHERS = ['pytorch', 'tensorflow'] as const;

/** The columns after those of the machine: a task each. */
const columns = tasks.map(({ name }) => `${name} s/epoch (${OTHERS.join(', ')})`);

const HEAD = ['date', 'processor', 'instruction set', 'cores', 'commit', 'busy', ...columns];

/** The row of a race. Throws for a race without this toolkit. */
export function weeklyRow({ startedAt, machine, entries }: RaceResult): string {
  if (!entries.some(({ contestant }) => contestant === OURS))
    throw new Error(`the race was without "${OURS}"`);
  return rowOf([
    startedAt.slice(0, 10),
    machine.processor,
    machine.instructionSet ?? 'unknown',
    String(machine.cores),
    machine.commit,
    `${(100 * machine.usedBefore).toFixed(0)} %`,
    ...tasks.map((task) => cellOf(task, entries)),
  ]);
}

function cellOf({ name }: Task, entries: RaceResult['entries']): string {
  const timesOf = (contestant: string): number[] =>
    epochTimes(entries.find((entry) => entry.task === name && entry.contestant === contestant)?.rounds ?? []);
  const ours = timesOf(OURS);
  if (ours.length === 0) return '–';
  const ratios = OTHERS.map((other) => {
    const times = timesOf(other);
    return times.length === ours.length ? `${medianRatio(times, ours).toFixed(2)} ×` : '–';
  });
  const { steps } = entries.find((entry) => entry.task === name && entry.contestant === OURS)!;
  return `${median(ours).toFixed(3)} of ${steps} steps (${ratios.join(', ')})`;
}

/** A page with a row more in its table, which is begun at its end where there is none. */
export function withWeeklyRow(page: string, row: string): string {
  const begun = page.includes(`${TITLE}\n`)
    ? page
    : `${page.trimEnd()}\n\n${TITLE}\n${INTRODUCTION}\n${rowOf(HEAD)}\n${rowOf(HEAD.map(() => '---'))}\n`;
  const lines = begun.split('\n');
  const isRow = (line: string): boolean => line.startsWith('|');
  const first = lines.findIndex((line, at) => at > lines.indexOf(TITLE) && isRow(line));
  const after = lines.findIndex((line, at) => at > first && !isRow(line));
  return lines.toSpliced(after, 0, row).join('\n');
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
