import { isToolkitError, ToolkitError } from './errors.js';

/** The codes of interruptions. */
export type Interruption = 'INTERRUPTED' | 'HUNG_UP' | 'TERMINATED';

const INTERRUPTIONS: ReadonlySet<string> = new Set<Interruption>(['INTERRUPTED', 'HUNG_UP', 'TERMINATED']);

/** Whether an error is an interruption by the user or the system. */
export function isInterruption(error: unknown): error is ToolkitError<Interruption> {
  return isToolkitError(error) && INTERRUPTIONS.has(error.code);
}

/** Adds a hint on how to continue to an interruption; returns other errors unchanged. */
export function withHint(error: unknown, hint: string): unknown {
  return isInterruption(error) ? new ToolkitError(error.code, { hint }, { cause: error }) : error;
}
