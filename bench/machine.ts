import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { setTimeout } from 'node:timers/promises';

import { processorName } from '../src/core/processes.js';
import { instructionSet } from '../src/tensorflow/onednn.js';

/** Where and with what a race was run. */
export interface Machine {
  processor: string;
  /** The best that oneDNN may use, such as "AVX2"; missing if unknown. */
  instructionSet?: string | undefined;
  cores: number;
  memoryBytes: number;
  system: string;
  node: string;
  commit: string;
  /** Programs that wanted to run in the last minute, before the race: 0 on a quiet machine. */
  loadBefore: number;
  /** The share of the processor's time that others used in the second before the race. */
  usedBefore: number;
}

/** Says what machine this is, and measures for a second how busy others keep it. */
export async function describeMachine(checkout: string): Promise<Machine> {
  return {
    processor: processorName() ?? 'unknown',
    instructionSet: instructionSet(process.env),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: commitOf(checkout),
    loadBefore: loadavg()[0] ?? 0,
    usedBefore: await usedShare(),
  };
}

/** The machine in a line. */
export function machineText({
  processor,
  instructionSet: set,
  cores,
  memoryBytes,
  system,
  ...busy
}: Machine): string {
  const memory = (memoryBytes / 2 ** 30).toFixed(0);
  const load = `load before: ${busy.loadBefore.toFixed(2)}, in use: ${(100 * busy.usedBefore).toFixed(0)}%`;
  return `${processor}${set === undefined ? '' : ` (${set})`}, ${cores} cores, ${memory} GiB, ${system}; ${load}`;
}

/** A warning if others would be measured along with the race: the load of the last minute is high, or the processor is in use now. */
export function busyWarning({ loadBefore, usedBefore, cores }: Machine): string | undefined {
  if (loadBefore <= 0.25 * cores && usedBefore <= 0.1) return undefined;
  const found = `load ${loadBefore.toFixed(2)}, ${(100 * usedBefore).toFixed(0)} % of the processor in use`;
  return `the machine is busy (${found}): these times mean little`;
}

async function usedShare(): Promise<number> {
  const before = processorTimes();
  await setTimeout(1000);
  const after = processorTimes();
  return 1 - (after.idle - before.idle) / Math.max(1, after.total - before.total);
}

function processorTimes(): { idle: number; total: number } {
  const times = cpus().map((core) => core.times);
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    total: sum(times.flatMap((each) => Object.values(each))),
  };
}

function commitOf(checkout: string): string {
  try {
    const git = (...words: string[]): string =>
      execFileSync('git', words, { cwd: checkout, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const commit = git('rev-parse', '--short', 'HEAD').trim();
    const isClean = git('status', '--porcelain') === '';
    return isClean ? commit : `${commit}, changed`;
  } catch {
    return 'unknown';
  }
}
