import { findLabelErrors } from './confident-learning.js';
import type { Predictions } from './cross-validation.js';

/** With fewer wrong labels than this share, nets learn too little wrong from them for a second round to pay. */
const WORTH_A_ROUND = 0.03;

/**
 * Cross-validated predictions of nets that have not learnt from the labels that are probably wrong. Where many labels are, a second
 * round is made without those that the first found (after Northcutt, Jiang and Chuang, 2021: training on pruned data), and all
 * images are predicted anew: what nets make of an image no longer depends on its neighbours' wrong labels.
 *
 * @param usable indices of the training images that have a label to learn from
 * @param predict predictions of nets that learn from images at some indices
 */
export async function predictInRounds(
  labels: Uint8Array,
  classes: number,
  usable: Int32Array,
  predict: (learntFrom: Int32Array) => Promise<Predictions>,
): Promise<Predictions> {
  const first = await predict(usable);
  const { suspects, estimatedErrors } = findLabelErrors(first.train, labels, classes, usable);
  if (estimatedErrors <= WORTH_A_ROUND * usable.length) return first;
  const pruned = new Set(suspects.slice(0, estimatedErrors).map(({ index }) => index));
  return predict(usable.filter((index) => !pruned.has(index)));
}
