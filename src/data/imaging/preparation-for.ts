import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import type { PreparationName } from './prepare.js';

/** How a foreign picture becomes an image for a model: also `import`, as the images of its data set were imported. */
export type Preparation = PreparationName | 'import';

/** What the preparation of pictures for a model depends on. */
export interface Described extends Pick<CheckpointDescription, 'shape'> {
  data: Pick<CheckpointDescription['data'], 'dataset' | 'imported'>;
}

/**
 * How foreign pictures become images for a model, where nobody says it: as those that it was trained on did, where these were
 * imported; else garments and colour images fill their frame.
 */
export function preparationFor({ shape, data }: Described): Preparation {
  if (data.imported) return 'import';
  return shape.channels > 1 || data.dataset === 'fashion-mnist' ? 'fit' : 'digit';
}

/** The same for the page, which has no decoder of ours: what comes closest to an import. */
export function pagePreparationFor(description: Described): PreparationName {
  const preparation = preparationFor(description);
  if (preparation !== 'import') return preparation;
  const { fit = 'pad', centre } = description.data.imported ?? {};
  if (centre === 'mass') return 'digit';
  return fit === 'pad' ? 'fit' : fit;
}
