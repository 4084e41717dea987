import type { CheckpointDescription } from '../artifacts/checkpoint.js';
import type { PreparationName } from './prepare.js';

/** How foreign pictures become images for a model, where nobody says it: garments and colour images fill their frame. */
export function preparationFor({
  shape,
  data,
}: Pick<CheckpointDescription, 'shape' | 'data'>): PreparationName {
  return shape.channels > 1 || data.dataset === 'fashion-mnist' ? 'fit' : 'digit';
}
