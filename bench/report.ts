import { table } from '../src/cli/terminal/table.js';
import { contestants, OURS } from './contestants.js';
import { machineText, type Machine } from './machine.js';
import type { Measurement } from './run-contestant.js';
import { interquartileRange, median, medianRatio } from './statistics.js';
import { mlpFlopsPerEpoch, type Task } from './tasks.js';

/** A contestant's variant at a task, and how it did in each round. */
export interface Entry {
  task: string;
  contestant: string;
  variant: string;
  /** Steps of an epoch: those of the CNN are fewer in a quick race. */
  steps: number;
  /** Seconds an epoch of each variant that was tried, from the qualifying runs. */
  qualifying: Record<string, number>;
  rounds: Measurement[];
}

/** All that a race found, as the JSON file has it. */
export interface RaceResult {
  startedAt: string;
  seconds: number;
  rounds: number;
  steps: number;
  machine: Machine;
  /** Of a large matrix product, by framework. */
  flopsPerSecond: Record<string, number>;
  entries: Entry[];
}

/** One number a round, and how it is shown. */
interface Quantity {
  title: string;
  of: (measurement: Measurement) => number;
  show: (value: number) => string;
}

const milliseconds = (value: number): string => (value * 1000).toPrecision(3);
const seconds = (value: number): string => value.toFixed(value < 10 ? 3 : 1);

/** The training time of an epoch; the first is left out, since it includes what is done once: tracing, compiling, warming up. */
const epochSeconds: Quantity = {
  title: 's/epoch',
  of: ({ epochs }) => median(epochs.slice(1).map((epoch) => epoch.seconds)),
  show: seconds,
};

const quantities: readonly Quantity[] = [
  epochSeconds,
  { title: 'total s', of: ({ total }) => total, show: seconds },
  { title: '10,000 images s', of: ({ inference }) => inference, show: seconds },
  { title: '1 image ms', of: ({ latency }) => latency, show: milliseconds },
  { title: 'peak MiB', of: ({ peakBytes }) => peakBytes, show: (bytes) => (bytes / 2 ** 20).toFixed(0) },
];

/** Seconds of a typical epoch in each round. */
export function epochTimes(rounds: readonly Measurement[]): number[] {
  return rounds.map(epochSeconds.of);
}

/** The table of one task: medians over the rounds, and in brackets how many times ours they are. */
export function taskTable(task: Task, entries: readonly Entry[]): string {
  const raced = entries.filter((entry) => entry.task === task.name);
  const ours = raced.find(({ contestant }) => contestant === OURS);
  const rows = raced.map((entry) => {
    const { contestant, variant, rounds } = entry;
    const cells = quantities.map(({ of, show }) => {
      const values = rounds.map(of);
      const ratio =
        ours && entry !== ours ? ` (${medianRatio(values, ours.rounds.map(of)).toFixed(2)}×)` : '';
      return `${show(median(values))}${ratio}`;
    });
    const spread = interquartileRange(epochTimes(rounds)) / median(epochTimes(rounds));
    const accuracy = median(rounds.map(({ epochs }) => epochs.at(-1)!.accuracy));
    const threads = String(rounds[0]!.threads);
    return [
      contestant,
      variant,
      threads,
      ...cells.toSpliced(1, 0, `${(100 * spread).toFixed(0)}%`),
      (100 * accuracy).toFixed(2),
    ];
  });
  const titles = quantities.map(({ title }) => title).toSpliced(1, 0, 'spread');
  const epochs = raced[0]?.rounds[0]?.epochs.length ?? 0;
  return (
    `${task.name}: ${task.summary}; ${epochs} epoch${epochs === 1 ? '' : 's'} of ${raced[0]?.steps ?? 0} steps a round\n` +
    table(['contestant', 'setting', 'threads', ...titles, 'test %'], rows)
  );
}

/** Which share of the machine's matrix product rate the epochs of the MLP reach. */
export function shareOfLimit({ flopsPerSecond, entries, steps }: RaceResult): string {
  const rate = Math.max(...Object.values(flopsPerSecond));
  const flops = mlpFlopsPerEpoch(steps);
  const limit = flops / rate;
  const shares = entries
    .filter(({ task }) => task.startsWith('mlp'))
    .map(({ task, contestant, rounds }) => {
      const share = limit / median(epochTimes(rounds));
      return `${task} ${contestant} ${(100 * share).toFixed(0)}%`;
    });
  return (
    `the MLP's matrix products: ${(flops / 1e9).toFixed(2)} GFLOP an epoch (60,000 images × (6 × 109,184 weights − 2 × 100,352 of the ` +
    `first layer, whose input needs no gradient), scaled to the steps run);\n` +
    `the machine: ${(rate / 1e9).toFixed(0)} GFLOP/s on 2048×2048 matrices (the better of PyTorch and TensorFlow), so ` +
    `${limit.toFixed(3)} s an epoch at best;\nshare of it reached: ${shares.join(', ')}`
  );
}

/** What the race was run on and with. */
export function header({ machine, startedAt, rounds, entries }: RaceResult): string {
  const versions = new Map<string, string>();
  for (const { contestant, rounds: measured } of entries) {
    const texts = Object.entries(measured[0]!.versions).map(([name, version]) => `${name} ${version}`);
    versions.set(contestant, texts.join(', '));
  }
  return [
    machineText(machine),
    `commit ${machine.commit}, ${startedAt}, ${rounds} round${rounds === 1 ? '' : 's'}`,
    ...[...versions].map(([name, text]) => `${name}: ${text}`),
  ].join('\n');
}

/** The tables' columns and the contestants, explained. */
export const legend = [
  'medians over the rounds; in brackets, how many times ours (median of the ratios within rounds; above 1, ours is better)',
  's/epoch: training alone, without the first epoch; spread: interquartile range of it over the rounds',
  'total: from the start of the process to the last epoch, with a test after each epoch',
  ...contestants.map(({ name, summary }) => `${name}: ${summary}`),
].join('\n');
