import { ToolkitError } from '../core/errors.js';

/** QUALITY_GATE_NOT_MET where an accuracy on a split is below the lowest that is accepted; undefined where it is met, or there is none. */
export function qualityFailure(
  accuracy: number,
  minimum: number | undefined,
  split: string,
): ToolkitError | undefined {
  if (minimum === undefined || accuracy >= minimum) return undefined;
  return new ToolkitError('QUALITY_GATE_NOT_MET', { accuracy, minimum, split });
}

/** Refuses an accuracy that is too low. Throws QUALITY_GATE_NOT_MET. */
export function requireQuality(accuracy: number, minimum: number | undefined, split: string): void {
  const failure = qualityFailure(accuracy, minimum, split);
  if (failure) throw failure;
}
