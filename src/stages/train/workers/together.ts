import { asToolkitError, errorFromRecord, type ToolkitError } from '../../../core/errors.js';
import type { WorkerGroup } from '../../../engine/distributed/worker-group.js';

/** What the others are told of an error. */
export type ErrorRecord = Pick<ToolkitError, 'code' | 'message' | 'hint' | 'exitCode'>;

/** What can be passed on of an error. */
export function recordOfError({ code, message, hint, exitCode }: ToolkitError): ErrorRecord {
  return { code, message, hint, exitCode };
}

/**
 * Does something on every worker, and waits for all. Where it fails on one, it fails on all, with the error of the first that failed; so none
 * waits for another that has ended.
 */
export async function together<Result>(
  group: WorkerGroup,
  action: () => Promise<Result> | Result,
): Promise<Result> {
  let outcome: { value: Result } | { error: ToolkitError };
  try {
    outcome = { value: await action() };
  } catch (error) {
    outcome = { error: asToolkitError(error) };
  }
  const failures = await group.share('error' in outcome ? recordOfError(outcome.error) : null);
  const rank = failures.findIndex((failure) => failure !== null);
  if ('error' in outcome && (rank === group.rank || rank < 0)) throw outcome.error;
  if (rank >= 0) {
    const failure = failures[rank]!;
    const message = rank === 0 ? failure.message : `worker ${rank}: ${failure.message}`;
    throw errorFromRecord({ ...failure, message });
  }
  return (outcome as { value: Result }).value;
}

/** The same, on the first worker before all others: they find what it has made. */
export async function firstThenOthers<Result>(
  group: WorkerGroup,
  action: () => Promise<Result>,
): Promise<Result> {
  const own = await together(group, async () => (group.isFirst ? { value: await action() } : undefined));
  return together(group, () => (own ? own.value : action()));
}
