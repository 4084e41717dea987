import { isToolkitError } from '../errors.js';

const CODES: ReadonlySet<string> = new Set([
  'ENCRYPTION_LOCKED',
  'ENCRYPTION_DAMAGED',
  'IDENTITY_INVALID',
  'ENCRYPTION_REFUSED',
]);

/** Whether an error is about keys or encryption: it says what to do better than an error of the format would. */
export function isKeyError(error: unknown): boolean {
  return isToolkitError(error) && CODES.has(error.code);
}
