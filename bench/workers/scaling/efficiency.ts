import { Network } from '../network.js';
import { median } from '../../statistics.js';
import { runTask } from '../ranks.js';
import type { TrainingTask } from '../training-task.js';

/** What is measured. */
export interface EfficiencyOptions {
  readonly models: readonly string[];
  readonly ranks: number;
  readonly batch: number;
  readonly steps: number;
  readonly bitsPerSecond: number;
  readonly rounds: number;
}

/** The time of a step of each round, in milliseconds. */
export interface Efficiency {
  readonly model: string;
  /** Of ranks that compute their shares at the same time, and exchange nothing. */
  readonly alone: readonly number[];
  /** Of ranks that train together. */
  readonly together: readonly number[];
  /** The median of the rounds' ratios. */
  readonly efficiency: number;
}

const WARM_UP = 2;

/**
 * How much of the time of a step workers compute: the time of a step of ranks that exchange nothing, by that of ranks that train together,
 * on hosts with links of a rate. Both have the same cores, in turn.
 */
export async function measureEfficiency(
  { models, ranks, batch, steps, bitsPerSecond, rounds }: EfficiencyOptions,
  say: (text: string) => void,
): Promise<Efficiency[]> {
  const network = new Network(ranks);
  network.limit(bitsPerSecond);
  const found: Efficiency[] = [];
  try {
    for (const model of models) {
      const task = { kind: 'train', model, batch, steps, warmUp: WARM_UP } as const;
      const [alone, together]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        alone.push(await stepTime({ ...task, isAlone: true }, ranks, network));
        together.push(await stepTime(task, ranks, network));
        say(`${model}: ${alone.at(-1)!.toFixed(1)} ms alone, ${together.at(-1)!.toFixed(1)} ms together`);
      }
      const efficiency = median(alone.map((ms, at) => ms / together[at]!));
      found.push({ model, alone, together, efficiency });
    }
    return found;
  } finally {
    network.dispose();
  }
}

/** That of the mean rank: alone, one may be sooner than another. */
async function stepTime(task: TrainingTask, ranks: number, network: Network): Promise<number> {
  const times = (await runTask(task, ranks, network)).map(({ written }) => written.stepMs);
  return times.reduce((sum, ms) => sum + ms, 0) / times.length;
}
