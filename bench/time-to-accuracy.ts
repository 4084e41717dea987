// How long configurations take from the start of the process to the end, and what test accuracy they reach, beside the same recipes in
// PyTorch: npm run bench:time-to-accuracy -- configs/fast.json configs/cnn-small.json --seeds 3
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';

import { rawFolder } from '../src/artifacts/raw.js';
import { table } from '../src/cli/terminal/table.js';
import { silentContext } from '../src/core/events.js';
import { prepareData } from '../src/stages/preprocess/prepare-data.js';
import { folders } from './folders.js';
import { busyWarning, describeMachine, machineText } from './machine.js';
import { median } from './statistics.js';

interface Options {
  seeds: number;
  python: string;
  peers: boolean;
  threads?: number;
  json?: boolean;
}

/** One training, from the start of its process to its end. */
interface Attempt {
  seed: number;
  seconds: number;
  /** On the 10,000 test images. */
  accuracy: number;
}

/** What the attempts of a program at a configuration gave. */
interface Lane {
  config: string;
  program: 'mnist-train' | 'PyTorch';
  attempts: Attempt[];
  /** Why there are none. */
  refusal?: string;
}

const command = new Command('npm run bench:time-to-accuracy --')
  .description('Trains configurations, from the start of the process, beside the same recipes in PyTorch.')
  .argument('<configs...>', 'configuration files, such as configs/fast.json')
  .option('--seeds <n>', 'trainings of each, with seeds 1, 2, …', whole, 3)
  .option('--threads <n>', 'threads of both (default: one per core)', whole)
  .option('--python <path>', 'a Python that has PyTorch', folders.python)
  .option('--no-peers', 'without PyTorch')
  .option('--json', 'print the result as JSON, and no table')
  .parse();
const options = command.opts<Options>();

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

async function measureAll(configs: readonly string[]): Promise<void> {
  const missing = configs.find((path) => !existsSync(path));
  if (missing !== undefined) throw new Error(`${missing}: not found`);
  if (options.peers && !existsSync(options.python)) {
    throw new Error(
      `${options.python}: not found; npm run bench:peers installs PyTorch, --no-peers leaves it out`,
    );
  }
  const startedAt = new Date().toISOString();
  const machine = await describeMachine(folders.checkout);
  const warning = busyWarning(machine);
  if (warning !== undefined) note(warning);
  await prepareData({ dataset: 'mnist', dataDir: folders.data }, silentContext());
  const programs: Lane['program'][] = options.peers ? ['mnist-train', 'PyTorch'] : ['mnist-train'];
  const lanes = configs.flatMap((config) =>
    programs.map((program): Lane => ({ config, program, attempts: [] })),
  );
  const threads = options.threads ?? machine.cores;
  for (let seed = 1; seed <= options.seeds; seed++) {
    // Interleaved, so that what else the machine does meets all alike.
    for (const lane of lanes) if (lane.refusal === undefined) await attempt(lane, seed, threads);
  }
  const result = { startedAt, machine, threads, seeds: options.seeds, lanes };
  await mkdir(folders.results, { recursive: true });
  const path = join(folders.results, `time-to-accuracy-${startedAt.replaceAll(/[:.]/g, '-')}.json`);
  await writeFile(path, `${JSON.stringify(result, undefined, 2)}\n`);
  print(
    options.json
      ? JSON.stringify(result, undefined, 2)
      : [machineText(machine), tableOf(lanes), path].join('\n\n'),
  );
}

async function attempt(lane: Lane, seed: number, threads: number): Promise<void> {
  const { config, program } = lane;
  const { seconds, accuracy, refusal } = await (program === 'PyTorch' ? runPeer : runOurs)(
    config,
    seed,
    threads,
  );
  if (accuracy === undefined) {
    lane.refusal = refusal ?? 'no result';
    note(`${program} ${config}: ${lane.refusal}`);
    return;
  }
  lane.attempts.push({ seed, seconds, accuracy });
  note(`${program} ${config}, seed ${seed}: ${percent(accuracy)} in ${seconds.toFixed(2)} s`);
}

async function runOurs(config: string, seed: number, threads: number): Promise<Ended> {
  const runs = await mkdtemp(join(tmpdir(), 'mnist-train-bench-'));
  const given = options.threads === undefined ? [] : ['--threads', String(threads)];
  const program = join(folders.checkout, 'bin/mnist-train.js');
  const places = ['--data-dir', folders.data, '--checkpoints-dir', runs];
  try {
    return await run([
      process.execPath,
      program,
      '--config',
      config,
      '--seed',
      String(seed),
      '--json',
      ...places,
      ...given,
    ]);
  } finally {
    await rm(runs, { recursive: true });
  }
}

function runPeer(config: string, seed: number, threads: number): Promise<Ended> {
  const program = join(folders.contestants, 'pytorch_recipe.py');
  const words = [
    '--raw',
    rawFolder(folders.data, 'mnist'),
    '--seed',
    String(seed),
    '--threads',
    String(threads),
  ];
  return run([options.python, program, config, ...words]);
}

/** A process that has ended: its accuracy, or why it has none. */
interface Ended {
  seconds: number;
  accuracy: number | undefined;
  refusal: string | undefined;
}

/** The last line of either program: ours has the accuracy among the test's metrics. */
const resultLine = z.object({
  event: z.literal('result'),
  accuracy: z.number().optional(),
  test: z.object({ accuracy: z.number() }).optional(),
});

async function run([program = '', ...words]: readonly string[]): Promise<Ended> {
  const started = performance.now();
  const environment = { ...process.env, CUDA_VISIBLE_DEVICES: '', PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) return { seconds, accuracy: undefined, refusal: errors.trim().split('\n').at(-1) };
  const { accuracy, test } = resultLine.parse(JSON.parse(output.trim().split('\n').at(-1)!));
  return { seconds, accuracy: accuracy ?? test?.accuracy, refusal: undefined };
}

function tableOf(lanes: readonly Lane[]): string {
  const rows = lanes.map(({ config, program, attempts, refusal }) => {
    if (attempts.length === 0) return [basename(config), program, '–', '–', refusal ?? '–'];
    const accuracies = attempts.map(({ accuracy }) => accuracy);
    const mean = accuracies.reduce((sum, each) => sum + each, 0) / accuracies.length;
    const times = attempts.map(({ seconds }) => seconds);
    const range = [Math.min(...times), Math.max(...times)].map((seconds) => seconds.toFixed(2)).join('–');
    return [
      basename(config),
      program,
      percent(mean),
      accuracies.map(percent).join(', '),
      `${median(times).toFixed(2)} (${range})`,
    ];
  });
  return table(['configuration', 'program', 'test accuracy', 'each seed', 'seconds, start to end'], rows);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

await measureAll(command.args);
