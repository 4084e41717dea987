import { Random } from '../../../src/core/random.js';

/** What happens to a worker: SIGKILL, SIGSTOP, or its host's cable is taken out. */
export const failureKinds = ['kill', 'stop', 'cut'] as const;
/** What happens to a worker. */
export type FailureKind = (typeof failureKinds)[number];

/** A failure that will be caused. */
export interface PlannedFailure {
  readonly kind: FailureKind;
  readonly rank: number;
  /** Milliseconds after the workers have been started. */
  readonly afterMs: number;
}

/** Failures at random moments, each kind equally likely: the same for a seed. */
export function planFailures(
  count: number,
  {
    seed,
    ranks,
    spanMs,
    kinds,
  }: { seed: number; ranks: number; spanMs: number; kinds: readonly FailureKind[] },
): PlannedFailure[] {
  const random = new Random(seed, 'failures');
  return Array.from({ length: count }, () => ({
    kind: kinds[random.integer(kinds.length)]!,
    rank: random.integer(ranks),
    afterMs: random.uniform() * spanMs,
  }));
}
