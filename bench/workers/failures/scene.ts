import type { Attempt } from './cause.js';
import type { FailurePhase } from './outcome.js';
import type { FailureKind } from './plan.js';

/** A run, to be trained by workers. */
export interface SceneRun {
  readonly name: string;
  /** The folder of its folder. */
  readonly folder: string;
  /** The options of `mnist train`, without those that name the run. */
  readonly words: readonly string[];
}

/** Where workers train. */
export interface Scene {
  /** What can happen to them there. */
  readonly kinds: readonly FailureKind[];
  /** Begins a run, or goes on with it from its last checkpoint. */
  attempt(run: SceneRun): Promise<Attempt>;
  /** The end of the last attempt. */
  end(): Promise<{ code: number | string; output: string }>;
}

const MOST_SAID = 1000;

/** What workers have printed, without the JSON lines of a training that goes on. */
export function saidIn(output: string): string {
  const lines = output
    .split('\n')
    .filter((line) => line !== '' && !/^\{"event":"(?!error|warning)/.test(line));
  return lines.join('\n').slice(0, MOST_SAID);
}

/** What workers do, by the JSON lines that they have printed. */
export function phaseOf(output: string): FailurePhase {
  if (output.includes('"event":"result"')) return 'ending';
  return output.includes('"event":"checkpoint"') ? 'training' : 'starting';
}
