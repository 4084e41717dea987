import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Where and with what a race was run. */
export interface Machine {
  processor: string;
  cores: number;
  memoryBytes: number;
  system: string;
  node: string;
  commit: string;
  /** Programs that wanted to run in the last minute, before the race: 0 on a quiet machine. */
  loadBefore: number;
}

/** Says what machine this is. */
export function describeMachine(checkout: string): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: commitOf(checkout),
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** Whether others would be measured along with the race. */
export function isBusy({ loadBefore, cores }: Machine): boolean {
  return loadBefore > 0.25 * cores;
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
