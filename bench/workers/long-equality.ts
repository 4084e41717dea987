import { silentContext } from '../../src/core/events.js';
import { startBackend } from '../../src/engine/backends/start.js';
import { runTask } from './ranks.js';
import { trainInShards } from './training-task.js';

/** Ranks that train long enough for a difference in the last bits to grow. */
export interface LongEquality {
  readonly ranks: number;
  readonly steps: number;
  readonly batch: number;
  readonly models: readonly string[];
}

/** The largest differences of a net, over all variables, steps and ranks. */
export interface Difference {
  readonly model: string;
  readonly weights: number;
  readonly losses: number;
  /** Of one process, at the first and the last step. */
  readonly first: number;
  readonly last: number;
}

/** Compares the ranks of mpiexec, each with one thread, with one process that cuts its batches into as many shards. */
export async function compareLong({ ranks, steps, batch, models }: LongEquality): Promise<Difference[]> {
  const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
  await startBackend('tensorflow', request, silentContext());
  const differences: Difference[] = [];
  for (const model of models) {
    const task = { kind: 'train', model, batch, steps } as const;
    const wanted = await trainInShards(task, ranks);
    const found = await runTask(task, ranks);
    differences.push({
      model,
      weights: Math.max(...found.map(({ weights }) => largest(weights!, wanted.weights))),
      losses: Math.max(...found.map(({ written }) => largest(written.losses, wanted.losses))),
      first: wanted.losses[0]!,
      last: wanted.losses.at(-1)!,
    });
  }
  return differences;
}

/** The largest difference of numbers at the same place. */
function largest(some: ArrayLike<number>, others: ArrayLike<number>): number {
  if (some.length !== others.length)
    throw new Error(`${some.length} numbers in the place of ${others.length}`);
  let most = 0;
  for (let at = 0; at < some.length; at++) {
    const difference = Math.abs(some[at]! - others[at]!);
    // Not a number where one of them is none.
    if (!(difference <= most)) most = difference;
  }
  return most;
}
