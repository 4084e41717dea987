import { availableParallelism } from 'node:os';

import { silentContext } from '../../../src/core/events.js';
import { startBackend } from '../../../src/engine/backends/start.js';
import { burstOf, Network } from '../network.js';
import { median } from '../../statistics.js';
import { runTask } from '../ranks.js';
import { trainShare } from '../training-task.js';
import { groupOfOne } from './alone.js';
import {
  featuresOf,
  interpolated,
  roundsOfSum,
  stepTime,
  timeOf,
  type Exchange,
  type LinkCosts,
} from './cost.js';
import { exchangesOf } from './exchanges.js';
import { fitCosts } from './least-squares.js';

const MEGABIT = 1e6;
const GIGABIT = 1e9;
/** The links that are measured. */
const MEASURED_RATES = [100 * MEGABIT, GIGABIT] as const;
const PREDICTED_RATES = [10 * GIGABIT, 100 * GIGABIT] as const;
const MEASURED_RANKS = [2, 3, 4] as const;
const PREDICTED_WORKERS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;
/** From a layer's statistics to the gradients of a million parameters. */
const FLOATS = [64, 4096, 32_768, 109_386, 400_000, 1_000_000] as const;
const BATCHES = [256, 4096] as const;
/** Images of a worker at which its time is measured. */
const SHARES = [1, 4, 16, 64, 256] as const;
const MOST_RANKS = Math.max(...MEASURED_RANKS);
const CHECKED_BATCH = 100;
const [STEPS, WARM_UP] = [30, 6];

/** A sum that was measured. */
interface MeasuredSum {
  readonly bitsPerSecond: number;
  readonly ranks: number;
  readonly floats: number;
  readonly ms: number;
}

/** How long a worker computes, by the images of its share, and what it exchanges. */
interface ModelCosts {
  readonly model: string;
  readonly compute: readonly (readonly [images: number, ms: number])[];
  readonly exchanges: readonly Exchange[];
}

/** A training that was measured, beside what the model says. */
interface Check {
  readonly model: string;
  readonly bitsPerSecond: number;
  readonly ranks: number;
  readonly predictedMs: number;
  readonly measuredMs: number;
}

/** The time of a step by the number of workers, one process with the whole batch being the first. */
interface Prediction {
  readonly model: string;
  readonly batch: number;
  readonly bitsPerSecond: number;
  readonly workers: number;
  readonly ms: number;
  readonly speedUp: number;
}

/** What is measured, fitted and predicted. */
export interface Scaling {
  readonly sums: readonly MeasuredSum[];
  readonly costs: LinkCosts;
  /** The median and the largest relative error of the fit. */
  readonly errors: { readonly median: number; readonly largest: number };
  readonly models: readonly ModelCosts[];
  readonly checks: readonly Check[];
  readonly predictions: readonly Prediction[];
}

/** Fits the cost of a sum to links of limited rates, checks the time of steps, and predicts it for more workers and faster links. */
export async function measureScaling(
  models: readonly string[],
  repeats: number,
  say: (text: string) => void,
): Promise<Scaling> {
  const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
  await startBackend('tensorflow', request, silentContext());
  const ofModels: ModelCosts[] = [];
  for (const model of models) ofModels.push(await costsOf(model));
  const network = new Network(MOST_RANKS);
  try {
    const sums = await measuredSums(network, repeats);
    const { costs, errors } = fitted(sums);
    const checks: Check[] = [];
    for (const bitsPerSecond of MEASURED_RATES) {
      network.limit(bitsPerSecond);
      for (const model of ofModels) {
        checks.push(await checked(model, bitsPerSecond, costs, network));
        say(checkText(checks.at(-1)!));
      }
    }
    const predictions = ofModels.flatMap((model) => predicted(model, costs));
    return { sums, costs, errors, models: ofModels, checks, predictions };
  } finally {
    network.dispose();
  }
}

async function costsOf(model: string): Promise<ModelCosts> {
  const compute: [number, number][] = [];
  for (const images of SHARES) {
    const task = { kind: 'train', model, batch: images * MOST_RANKS, steps: STEPS, warmUp: WARM_UP } as const;
    compute.push([images, (await trainShare(task, groupOfOne(MOST_RANKS))).stepMs]);
  }
  return { model, compute, exchanges: await exchangesOf(model) };
}

async function measuredSums(network: Network, repeats: number): Promise<MeasuredSum[]> {
  const measured: MeasuredSum[] = [];
  for (const bitsPerSecond of MEASURED_RATES) {
    network.limit(bitsPerSecond);
    for (const ranks of MEASURED_RANKS) {
      const found = await runTask({ kind: 'sums', floats: FLOATS, repeats }, ranks, network);
      FLOATS.forEach((floats, at) => {
        const ms = median(found.map(({ written }) => written.sums[at]!));
        measured.push({ bitsPerSecond, ranks, floats, ms });
      });
    }
  }
  return measured;
}

/** The fit, and its errors as shares of what was measured. */
function fitted(sums: readonly MeasuredSum[]): Pick<Scaling, 'costs' | 'errors'> {
  const linksOf = (bitsPerSecond: number) => ({ bitsPerSecond, burstBytes: burstOf(bitsPerSecond) });
  const rows = sums.map(({ bitsPerSecond, ranks, floats }) =>
    featuresOf(roundsOfSum(floats, ranks), linksOf(bitsPerSecond)),
  );
  const [round = 0, message = 0, perWireMs = 0] = fitCosts(
    rows,
    sums.map(({ ms }) => ms),
  );
  const costs = { round, message, perWireMs };
  const errors = sums.map(({ bitsPerSecond, ranks, floats, ms }) =>
    Math.abs(timeOf(roundsOfSum(floats, ranks), linksOf(bitsPerSecond), costs) / ms - 1),
  );
  return { costs, errors: { median: median(errors), largest: Math.max(...errors) } };
}

async function checked(
  { model, compute, exchanges }: ModelCosts,
  bitsPerSecond: number,
  costs: LinkCosts,
  network: Network,
): Promise<Check> {
  const ranks = MOST_RANKS;
  const task = { kind: 'train', model, batch: CHECKED_BATCH, steps: STEPS, warmUp: WARM_UP } as const;
  const found = await runTask(task, ranks, network);
  const images = CHECKED_BATCH / ranks;
  // Ranks without a core of their own take turns.
  const computeMs = interpolated(compute, images) * Math.max(1, ranks / availableParallelism());
  const links = { bitsPerSecond, burstBytes: burstOf(bitsPerSecond) };
  const predictedMs = stepTime(computeMs, scaledTo(exchanges, images), ranks, links, costs);
  const measuredMs = median(found.map(({ written }) => written.stepMs));
  return { model, bitsPerSecond, ranks, predictedMs, measuredMs };
}

function predicted({ model, compute, exchanges }: ModelCosts, costs: LinkCosts): Prediction[] {
  return BATCHES.flatMap((batch) =>
    PREDICTED_RATES.flatMap((bitsPerSecond) => {
      const whole = interpolated(compute, batch);
      return PREDICTED_WORKERS.filter((workers) => workers <= batch).map((workers) => {
        const images = batch / workers;
        const links = { bitsPerSecond, burstBytes: 0 };
        const computeMs = interpolated(compute, images);
        const ms = stepTime(computeMs, scaledTo(exchanges, images), workers, links, costs);
        return { model, batch, bitsPerSecond, workers, ms, speedUp: whole / ms };
      });
    }),
  );
}

/** Exchanges of one image, as those of several. */
function scaledTo(exchanges: readonly Exchange[], images: number): Exchange[] {
  return exchanges.map(({ floats, rowBytes }) => ({ floats, rowBytes: rowBytes * images }));
}

function rateText(bitsPerSecond: number): string {
  return bitsPerSecond >= GIGABIT ? `${bitsPerSecond / GIGABIT} Gbit/s` : `${bitsPerSecond / MEGABIT} Mbit/s`;
}

function checkText({ model, ranks, bitsPerSecond, predictedMs, measuredMs }: Check): string {
  return `${model}, ${ranks} ranks, ${rateText(bitsPerSecond)}: predicted ${predictedMs.toFixed(1)} ms, measured ${measuredMs.toFixed(1)} ms a step`;
}

/** What was found, as lines and Markdown tables. */
export function reportScaling({ costs, errors, models, predictions }: Scaling): string[] {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const { round, message, perWireMs } = costs;
  const heading = ['model', 'batch', 'link', ...PREDICTED_WORKERS.map(String)];
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const groups = new Map<string, Prediction[]>();
  for (const each of predictions) {
    const key = `${each.model} ${each.batch} ${each.bitsPerSecond}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [
    `a round ${round.toFixed(3)} ms, a message ${message.toFixed(3)} ms, ${perWireMs.toFixed(3)} times the time of the bytes alone`,
    `errors of the fit: median ${percent(errors.median)}, largest ${percent(errors.largest)}`,
    ...models.map(({ model, compute }) => {
      const times = compute.map(([images, ms]) => `${images}: ${ms.toFixed(2)}`).join(', ');
      return `${model}, ms a step by images of a worker: ${times}`;
    }),
    row(heading),
    row(heading.map(() => '---')),
    ...[...groups.values()].map((group) => {
      const { model, batch, bitsPerSecond } = group[0]!;
      const speeds = group.map(({ speedUp }) => speedUp.toFixed(1));
      return row([model, String(batch), rateText(bitsPerSecond), ...speeds]);
    }),
  ];
}
