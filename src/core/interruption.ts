import { isToolkitError, ToolkitError } from './errors.js';

type Interruption = 'INTERRUPTED' | 'HUNG_UP' | 'TERMINATED';

const INTERRUPTIONS: ReadonlySet<string> = new Set<Interruption>(['INTERRUPTED', 'HUNG_UP', 'TERMINATED']);

/** Whether an error says that somebody ended the work. */
export function isInterruption(error: unknown): error is ToolkitError<Interruption> {
  return isToolkitError(error) && INTERRUPTIONS.has(error.code);
}

/** An interruption that says how the work is continued; any other error as it is. */
export function withHint(error: unknown, hint: string): unknown {
  return isInterruption(error) ? new ToolkitError(error.code, { hint }, { cause: error }) : error;
}
