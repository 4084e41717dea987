import { ToolkitError, type ErrorCode } from '../../src/core/errors.js';

/** What a promise is rejected with, or a function throws; an error if it does neither. */
export async function failureOf(action: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** The error of the table that a promise is rejected with, or a function throws; fails unless it has the code. */
export async function toolkitError(
  code: ErrorCode,
  action: Promise<unknown> | (() => unknown),
): Promise<ToolkitError> {
  const error = await failureOf(action);
  if (error instanceof ToolkitError && error.code === code) return error;
  throw new Error(`expected ${code}`, { cause: error });
}
