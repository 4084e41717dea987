import { OrderedSum } from '../../../src/engine/distributed/sum-in-order.js';
import type { WorkerGroup } from '../../../src/engine/distributed/worker-group.js';
import { median } from '../../statistics.js';

/** Sums whose time is measured. */
export interface SumsTask {
  readonly kind: 'sums';
  /** The lengths of vectors. */
  readonly floats: readonly number[];
  readonly repeats: number;
}

/** Median times in milliseconds. */
export interface MeasuredSums {
  /** Of the sum of each length. */
  readonly sums: readonly number[];
}

const FLOAT_BYTES = 4;
/** Sums before those whose time counts. */
const WARM_UP = 2;

/** Measures sums of all workers. Each begins when the one before is over on this rank. */
export async function measureSums({ floats, repeats }: SumsTask, group: WorkerGroup): Promise<MeasuredSums> {
  const sums: number[] = [];
  for (const length of floats) {
    const sum = new OrderedSum(group.transport, group.memory, length);
    const [own, result] = [zeros(group, length), zeros(group, length)];
    sums.push(await medianTime(repeats, () => sum.run(own, result)));
    sum.dispose();
    for (const address of [own, result]) group.memory.free(address);
  }
  return { sums };
}

function zeros({ memory }: WorkerGroup, floats: number): bigint {
  const bytes = floats * FLOAT_BYTES;
  const address = memory.malloc(bytes);
  memory.memcpy(address, new Uint8Array(bytes), bytes);
  return address;
}

async function medianTime(repeats: number, act: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < WARM_UP + repeats; at++) {
    const startedAt = performance.now();
    await act();
    times.push(performance.now() - startedAt);
  }
  return median(times.slice(WARM_UP));
}
