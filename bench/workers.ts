// Several workers, on hosts that are network namespaces of this machine (root, Linux):
//   npm run bench:workers -- failures --data-dir FOLDER --count 100
//   npm run bench:workers -- equality
//   npm run bench:workers -- equality --ranks 4 --steps 500
//   npm run bench:workers -- scaling
//   npm run bench:workers -- efficiency --models resnet --batch 1000
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Command, InvalidArgumentError } from 'commander';

import { folders } from './folders.js';
import { compareAll } from './workers/equality.js';
import { compareLong, type LongEquality } from './workers/long-equality.js';
import { reportFailures, tryFailures, type FailureOptions } from './workers/failures/failures.js';
import { OnHosts } from './workers/failures/on-hosts.js';
import { OnOneMachine } from './workers/failures/on-one-machine.js';
import { Network } from './workers/network.js';
import { findMpi } from './workers/ranks.js';
import { measureEfficiency, type EfficiencyOptions } from './workers/scaling/efficiency.js';
import { measureScaling, reportScaling } from './workers/scaling/scaling.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    // The network is removed at the end of this process.
    process.exit(130);
  });

const program = new Command('npm run bench:workers --');
program
  .command('failures')
  .description('Kills, stops and cuts off workers at random moments, and compares the weights in the end.')
  .option('--count <n>', 'failures', whole, 100)
  .option('--seed <n>', 'seed of moments, kinds and workers', whole, 1)
  .option('--ranks <n>', 'workers', whole, 4)
  .option('--data-dir <folder>', 'where MNIST is, preprocessed', folders.data)
  .option('--per-run <n>', 'failures of a run, before it is left alone', whole, 5)
  .option('--span <s>', 'the latest moment of a failure after the start, in seconds', whole, 8)
  .option('--epochs <n>', 'epochs of a run', whole, 30)
  .option('--one-machine', 'workers of "mnist train --workers", in the place of mpiexec on hosts')
  .action(failures);
program
  .command('equality')
  .description('Compares two workers with one process that cuts its batches in two.')
  .option('--only <pattern>', 'cases whose names match', (text) => new RegExp(text), /./)
  .option('--steps <n>', 'trains some models for so many steps, by ranks of mpiexec', whole)
  .option('--ranks <n>', 'ranks with --steps', whole, 4)
  .option('--batch <n>', 'batch size with --steps', whole, 100)
  .option('--models <names>', 'models with --steps', (text) => text.split(','), ['mlp', 'cnn-small'])
  .action(equality);
program
  .command('scaling')
  .description(
    'Fits the time of sums to links of limited rates, and predicts the time of steps of more workers.',
  )
  .option('--models <names>', 'models', (text) => text.split(','), ['mlp', 'cnn-small', 'cnn'])
  .option('--repeats <n>', 'sums of each length, of which the median counts', whole, 7)
  .action(scaling);
program
  .command('efficiency')
  .description('Compares ranks that train together with ranks that compute their shares alone.')
  .option('--models <names>', 'models', (text) => text.split(','), ['resnet'])
  .option('--ranks <n>', 'ranks, each on a host of its own', whole, 4)
  .option('--batch <n>', 'batch size of all ranks', whole, 1000)
  .option('--steps <n>', 'steps of a round', whole, 6)
  .option('--rate <bits>', 'bits per second of a link', whole, 1_000_000_000)
  .option('--rounds <n>', 'rounds, of which the median counts', whole, 3)
  .action(efficiency);
await program.parseAsync();

async function efficiency({
  rate,
  ...options
}: Omit<EfficiencyOptions, 'bitsPerSecond'> & { rate: number }): Promise<void> {
  const found = await measureEfficiency({ ...options, bitsPerSecond: rate }, say);
  for (const { model, efficiency: share } of found) say(`${model}: ${(100 * share).toFixed(1)} % efficient`);
  await keep('efficiency', { options: { ...options, bitsPerSecond: rate }, found });
}

async function scaling({ models, repeats }: { models: string[]; repeats: number }): Promise<void> {
  const found = await measureScaling(models, repeats, say);
  for (const line of reportScaling(found)) say(line);
  await keep('scaling', found);
}

async function equality({
  only,
  steps,
  ...long
}: Omit<LongEquality, 'steps'> & { only: RegExp; steps?: number }): Promise<void> {
  if (steps !== undefined) return equalityOver({ ...long, steps });
  const different = await compareAll(say, only);
  say(different.length === 0 ? 'all are equal, bit by bit' : `different: ${different.join(', ')}`);
  if (different.length > 0) process.exitCode = 1;
}

async function equalityOver(long: LongEquality): Promise<void> {
  const differences = await compareLong(long);
  for (const { model, weights, losses, first, last } of differences) {
    say(
      `${model}, ${long.ranks} ranks, ${long.steps} steps: weights differ by at most ${weights}, losses by ${losses}; loss ${first.toFixed(3)} to ${last.toFixed(4)}`,
    );
  }
  await keep('equality', { ...long, differences });
  if (differences.some(({ weights }) => weights !== 0)) process.exitCode = 1;
}

async function failures(options: FailureOptions & { oneMachine?: boolean }): Promise<void> {
  const scene = options.oneMachine ? new OnOneMachine(options.ranks) : await onHosts(options.ranks);
  const runs = await tryFailures(scene, options, say);
  for (const line of reportFailures(runs)) say(line);
  if (scene instanceof OnHosts) say(`mpiexec was left over ${scene.launchersEnded} times`);
  await keep('failures', { options, runs });
  if (runs.some(({ isEqual }) => !isEqual)) process.exitCode = 1;
}

async function onHosts(ranks: number): Promise<OnHosts> {
  return new OnHosts(new Network(ranks), (await findMpi()).mpiexec, ranks);
}

async function keep(name: string, result: unknown): Promise<void> {
  await mkdir(folders.results, { recursive: true });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const path = join(folders.results, `workers-${name}-${stamp}.json`);
  await writeFile(path, `${JSON.stringify(result, null, 2)}\n`);
  say(`written to ${path}`);
}

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}
