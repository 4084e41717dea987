import { setTimeout as pause } from 'node:timers/promises';

import { runs, signalTo, timeUntil } from '../processes.js';
import type { Failure, FailurePhase } from './outcome.js';
import type { PlannedFailure } from './plan.js';

/** Workers that train a run, started once. */
export interface Attempt {
  /** Each worker's process; undefined before it has started. */
  workers(): (number | undefined)[];
  /** Whether the command that started them has ended. */
  isOver(): boolean;
  /** Whether it was said that a worker is lost. */
  hasNoticed(): boolean;
  phase(): FailurePhase;
  /** What the workers have said, without their events: errors, and what a launcher says of their ends. */
  said(): string;
  /** Takes out the cable of a worker's host, or puts it in again. */
  connect(rank: number, isConnected: boolean): void;
}

/** How long workers may take to start. */
const START_MS = 60_000;
/** How long a failure may go unnoticed before this program ends the job. */
const LIMIT_MS = 70_000;

/** Waits for the moment, and causes a failure. Returns undefined if all was over before. */
export async function causeFailure(attempt: Attempt, planned: PlannedFailure): Promise<Failure | undefined> {
  const isThere = (): boolean => attempt.isOver() || attempt.workers().every((pid) => pid !== undefined);
  if ((await timeUntil(isThere, START_MS)) === undefined) throw new Error('the workers did not start');
  const pids = attempt.workers().map((pid) => pid ?? 0);
  await pause(planned.afterMs);
  if (attempt.isOver() || !pids.every(runs)) return undefined;
  const phase = attempt.phase();
  const started = performance.now();
  fail(attempt, planned, pids[planned.rank]!);
  const times = await watch(attempt, { pids, failed: planned.rank, started });
  if (planned.kind === 'cut') attempt.connect(planned.rank, true);
  return { ...planned, phase, ...times, said: attempt.said() };
}

function fail(attempt: Attempt, { kind, rank }: PlannedFailure, victim: number): void {
  if (kind === 'cut') attempt.connect(rank, false);
  else signalTo(victim, kind === 'kill' ? 'SIGKILL' : 'SIGSTOP');
}

/** Waits for what becomes of a failure, which came at `started`. What then still runs is ended. */
async function watch(
  attempt: Attempt,
  { pids, failed, started }: { pids: readonly number[]; failed: number; started: number },
): Promise<Pick<Failure, 'noticedMs' | 'overMs'>> {
  const others = pids.filter((_, index) => index !== failed);
  const left = (): number => Math.max(0, LIMIT_MS - (performance.now() - started));
  const since = (): number => performance.now() - started;
  const isNoticed = await timeUntil(() => attempt.hasNoticed() || !others.every(runs), left());
  const noticedMs = isNoticed === undefined ? undefined : since();
  const isEmpty = (await timeUntil(() => !pids.some(runs), left())) !== undefined;
  const overMs = isEmpty ? since() : undefined;
  if (!isEmpty) for (const pid of pids) signalTo(pid, 'SIGKILL');
  return { noticedMs, overMs };
}
