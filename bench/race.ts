import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Command, InvalidArgumentError } from 'commander';

import { rawFolder } from '../src/artifacts/raw.js';
import { silentContext } from '../src/core/events.js';
import { prepareData } from '../src/stages/preprocess/prepare-data.js';
import { contestants, type Contestant, type Variant } from './contestants.js';
import { folders } from './folders.js';
import { busyWarning, describeMachine } from './machine.js';
import { QUICK, quickSteps, quickVariants } from './quick.js';
import {
  epochTimes,
  header,
  legend,
  shareOfLimit,
  taskTable,
  type Entry,
  type RaceResult,
} from './report.js';
import { measure, measureRate, type Measurement } from './run-contestant.js';
import { weeklyRow, withWeeklyRow } from './weekly-table.js';
import { STEPS_PER_EPOCH, tasks, type Task } from './tasks.js';

interface Options {
  only?: string[];
  contestants?: string[];
  rounds?: number;
  quick?: boolean;
  epochs?: number;
  steps: number;
  list?: boolean;
  json?: boolean;
  table?: boolean;
}

/** The first includes compilation; of the others the fastest counts, since noise only ever adds. */
const QUALIFYING_EPOCHS = 4;
const ROUNDS = 5;

const options = parseOptions();
const rounds = options.rounds ?? (options.quick ? QUICK.rounds : ROUNDS);
if (options.list) list();
else await race();

function parseOptions(): Options {
  const words = (text: string): string[] => text.split(',').map((word) => word.trim());
  const command = new Command('npm run bench --')
    .description('Races this toolkit against PyTorch and Python TensorFlow, in interleaved rounds.')
    .option('--only <tasks>', 'tasks, separated by commas', words)
    .option('--contestants <names>', 'contestants, separated by commas', words)
    .option('--rounds <n>', `rounds (default: ${ROUNDS})`, positiveInteger)
    .option('--quick', 'one short round of some tasks and contestants, within five minutes')
    .option(
      '--epochs <n>',
      'epochs of a round, instead of each task’s own; from 2, since the first does not count',
      atLeastTwo,
    )
    .option('--steps <n>', 'steps of an epoch, to try the race itself', positiveInteger, STEPS_PER_EPOCH)
    .option('--list', 'list tasks and contestants, and end')
    .option('--json', 'print the result as JSON, and no tables')
    .option('--table', 'also append a row to the table of docs/benchmarks.md');
  return command.parse().opts<Options>();
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

function atLeastTwo(text: string): number {
  if (Number(text) >= 2) return positiveInteger(text);
  throw new InvalidArgumentError('It must be a whole number from 2.');
}

/** Those of a list that were named, or all. Throws for a name that is not among them. */
function chosen<Item extends { name: string }>(items: readonly Item[], names: string[] | undefined): Item[] {
  const unknown = names?.find((name) => !items.some((item) => item.name === name));
  if (unknown !== undefined) {
    throw new Error(`"${unknown}" is none of ${items.map(({ name }) => name).join(', ')}`);
  }
  return items.filter(({ name }) => names?.includes(name) ?? true);
}

function list(): void {
  print('tasks');
  for (const { name, summary, epochs } of tasks) print(`  ${name}: ${summary}; ${epochs} epochs a round`);
  print('contestants');
  for (const { name, summary, variants } of contestants) {
    print(`  ${name}: ${summary}`);
    for (const task of tasks) {
      print(
        `    ${task.name}: ${variants(task)
          .map(({ label }) => label)
          .join(' | ')}`,
      );
    }
  }
}

async function race(): Promise<void> {
  const startedAt = new Date();
  const chosenTasks = chosen(tasks, options.only ?? (options.quick ? [...QUICK.tasks] : undefined));
  const named = options.contestants ?? (options.quick ? [...QUICK.contestants] : undefined);
  const chosenContestants = chosen(contestants, named);
  if (!existsSync(folders.python)) throw new Error('the peers are not installed: npm run bench:peers');
  const machine = await describeMachine(folders.checkout);
  const warning = busyWarning(machine);
  if (warning !== undefined) note(warning);
  await prepareData({ dataset: 'mnist', dataDir: folders.data }, silentContext());
  const flopsPerSecond = await matrixProductRates(machine.cores);
  const entries = await raceAll(chosenTasks, chosenContestants);
  const result: RaceResult = {
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    rounds,
    steps: options.steps,
    machine,
    flopsPerSecond,
    entries,
  };
  await mkdir(folders.results, { recursive: true });
  const path = join(folders.results, `${result.startedAt.replaceAll(/[:.]/g, '-')}.json`);
  const text = JSON.stringify(result, undefined, 2);
  await writeFile(path, `${text}\n`);
  if (options.table) {
    const page = join(folders.checkout, 'docs/benchmarks.md');
    await writeFile(page, withWeeklyRow(await readFile(page, 'utf8'), weeklyRow(result)));
  }
  if (options.json) {
    print(text);
    return;
  }
  const raced = chosenTasks.filter(({ name }) => entries.some(({ task }) => task === name));
  const tables = raced.map((task) => taskTable(task, entries));
  const limit = raced.some(({ model }) => model === 'mlp') ? [shareOfLimit(result)] : [];
  print([header(result), ...tables, ...limit, legend, path].join('\n\n'));
}

async function matrixProductRates(threads: number): Promise<Record<string, number>> {
  const rates: Record<string, number> = {};
  for (const framework of ['pytorch', 'tensorflow']) {
    const file = join(folders.contestants, 'matrix_product.py');
    rates[framework] = await measureRate([folders.python, file, framework, '--threads', String(threads)]);
    note(`matrix products with ${framework}: ${(rates[framework] / 1e9).toFixed(0)} GFLOP/s`);
  }
  return rates;
}

/** Finds each contestant's best setting, then runs the rounds: everybody once, before anybody again. */
async function raceAll(chosenTasks: Task[], chosenContestants: Contestant[]): Promise<Entry[]> {
  const lanes: { task: Task; contestant: Contestant; variant: Variant; entry: Entry }[] = [];
  for (const task of chosenTasks) {
    for (const contestant of chosenContestants) {
      const { variant, qualifying } = await qualify(task, contestant);
      const steps = stepsOf(task);
      const entry = { task: task.name, contestant: contestant.name, variant: variant.label, steps };
      lanes.push({ task, contestant, variant, entry: { ...entry, qualifying, rounds: [] } });
    }
  }
  for (let round = 0; round < rounds; round++) {
    // Each round another one begins, so that no one always runs after the same other.
    const start = round % lanes.length;
    for (const { task, contestant, variant, entry } of [...lanes.slice(start), ...lanes.slice(0, start)]) {
      if (isAfter(QUICK.until)) {
        note(`no time left: ${task.name} ${contestant.name} is not run`);
        continue;
      }
      const epochs = options.epochs ?? (options.quick ? QUICK.epochs : task.epochs);
      const measurement = await run(task, contestant, variant, epochs, entry.steps);
      entry.rounds.push(measurement);
      const epoch = epochTimes([measurement])[0]!.toFixed(3);
      note(`round ${round + 1}: ${task.name} ${contestant.name} (${variant.label}): ${epoch} s an epoch`);
    }
  }
  return lanes.map(({ entry }) => entry).filter((entry) => entry.rounds.length > 0);
}

function stepsOf(task: Task): number {
  return options.quick ? quickSteps(task, options.steps) : options.steps;
}

/** Whether a quick race has run for so many seconds. */
function isAfter(seconds: number): boolean {
  return options.quick === true && performance.now() / 1000 > seconds;
}

/** Tries a contestant's variants at a task, unless there is only one, and returns the one with the shortest epochs. */
async function qualify(
  task: Task,
  contestant: Contestant,
): Promise<{ variant: Variant; qualifying: Record<string, number> }> {
  const variants = options.quick ? quickVariants(contestant, task) : contestant.variants(task);
  const qualifying: Record<string, number> = {};
  if (variants.length === 1) return { variant: variants[0]!, qualifying };
  const [wanted, count] = options.quick
    ? [QUICK.qualifyingSteps, QUICK.qualifyingEpochs]
    : [task.qualifyingSteps, QUALIFYING_EPOCHS];
  const steps = Math.min(options.steps, wanted);
  for (const variant of variants) {
    if (isAfter(QUICK.qualifyingUntil)) break;
    const { epochs } = await run(task, contestant, variant, count, steps);
    const seconds = Math.min(...epochs.slice(1).map((epoch) => epoch.seconds));
    qualifying[variant.label] = seconds * (STEPS_PER_EPOCH / steps);
    note(
      `qualifying: ${task.name} ${contestant.name} (${variant.label}): ${seconds.toFixed(3)} s for ${steps} steps`,
    );
  }
  const secondsOf = ({ label }: Variant): number => qualifying[label] ?? Infinity;
  const [best] = variants.toSorted((a, b) => secondsOf(a) - secondsOf(b) || 0);
  return { variant: best!, qualifying };
}

function run(
  task: Task,
  contestant: Contestant,
  variant: Variant,
  epochs: number,
  steps: number,
): Promise<Measurement> {
  const data =
    contestant.command[0] === folders.python
      ? ['--raw', rawFolder(folders.data, 'mnist')]
      : ['--data', folders.data];
  const numbers = ['--epochs', String(epochs), '--steps', String(steps)];
  const what = ['--model', task.model, '--optimizer', task.optimizer];
  return measure([...contestant.command, ...what, ...numbers, ...data, ...variant.arguments]);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
