import { isToolkitError, ToolkitError } from './errors.js';

/** Whether an error says that somebody ended the work. */
export function isInterruption(error: unknown): error is ToolkitError<'INTERRUPTED' | 'TERMINATED'> {
  return isToolkitError(error) && (error.code === 'INTERRUPTED' || error.code === 'TERMINATED');
}

/** An interruption that says how the work is continued; any other error as it is. */
export function withHint(error: unknown, hint: string): unknown {
  return isInterruption(error) ? new ToolkitError(error.code, { hint }, { cause: error }) : error;
}
