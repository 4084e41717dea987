import { quantile } from '../../statistics.js';
import type { FailureKind, PlannedFailure } from './plan.js';

/** What the workers did when a failure came: they had not begun to train, trained, or had said the result. */
export type FailurePhase = 'starting' | 'training' | 'ending';

/** A failure that was caused, and what became of it. */
export interface Failure extends PlannedFailure {
  readonly phase: FailurePhase;
  /** Until another worker, or the launcher, has noticed it and ended; milliseconds. Undefined if none did in time. */
  readonly noticedMs: number | undefined;
  /** Until no process of the job was left. Undefined if some had to be killed from outside. */
  readonly overMs: number | undefined;
  /** What was said of it. */
  readonly said: string;
}

/** A run with failures. */
export interface FailedRun {
  readonly failures: readonly Failure[];
  /** What it printed where it ended without a failure that was caused. */
  readonly crashes: readonly string[];
  /** Whether its last checkpoint is, bit by bit, that of a run that was never stopped. */
  readonly isEqual: boolean;
}

/** The failures of a kind, in a line: how many, and the times until they were noticed. */
export function summaryOf(
  kind: FailureKind,
  phase: FailurePhase,
  all: readonly Failure[],
): string | undefined {
  const some = all.filter((each) => each.kind === kind && each.phase === phase);
  if (some.length === 0) return undefined;
  const noticed = timesOf(some.map(({ noticedMs }) => noticedMs));
  const over = timesOf(some.map(({ overMs }) => overMs));
  return `${kind.padEnd(5)} ${phase.padEnd(9)} ${String(some.length).padStart(3)}  noticed ${noticed}  all ended ${over}`;
}

/** The median, the 90th percentile and the longest of some times; those that never came are counted. */
function timesOf(all: readonly (number | undefined)[]): string {
  const times = all.filter((time) => time !== undefined);
  const missing = all.length - times.length;
  const never = missing === 0 ? '' : ` (${missing} never)`;
  if (times.length === 0) return `never${never}`;
  const seconds = [0.5, 0.9, 1].map((share) => (quantile(times, share) / 1000).toFixed(2));
  return `${seconds.join(' / ')} s${never}`;
}
