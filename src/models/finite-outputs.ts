import type { Checkpoint } from '../artifacts/checkpoint.js';
import { ToolkitError } from '../core/errors.js';

/** Whether a model has computed numbers: finite weights that are too large still give infinities, and these give NaN. */
export function areFinite(outputs: Float32Array): boolean {
  return outputs.every(Number.isFinite);
}

/** A model's outputs, unless some are no numbers: no class, probability or measure follows from those. Throws CHECKPOINT_REFUSED. */
export function requireFinite(outputs: Float32Array, { path }: Pick<Checkpoint, 'path'>): Float32Array {
  if (areFinite(outputs)) return outputs;
  throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason: 'its outputs are not numbers' });
}
