import { Random } from '../core/random.js';

/** Indices of the images that are trained on, and of those that are held back to validate with, both ascending. */
export interface Split {
  training: Int32Array;
  validation: Int32Array;
}

/**
 * Holds back a share of the images of every class, so that the classes keep their proportions (a stratified split). The same
 * labels, share and seed always give the same split. Every class keeps at least one training image.
 *
 * @param share from 0 (nothing is held back) to below 1
 * @param purpose tells apart splits that are made from one seed
 */
export function stratifiedSplit(
  labels: Uint8Array,
  share: number,
  seed: number,
  purpose = 'validation-split',
): Split {
  const isHeldBack = new Uint8Array(labels.length);
  for (const [label, indices] of indicesByClass(labels)) {
    const count = Math.min(Math.round(indices.length * share), indices.length - 1);
    new Random(seed, purpose, label).shuffle(indices);
    for (const index of indices.subarray(0, count)) isHeldBack[index] = 1;
  }
  const all = Int32Array.from(labels, (_, index) => index);
  return {
    training: all.filter((index) => isHeldBack[index] === 0),
    validation: all.filter((index) => isHeldBack[index] === 1),
  };
}

function indicesByClass(labels: Uint8Array): Map<number, Int32Array> {
  const groups = new Map<number, number[]>();
  labels.forEach((label, index) => {
    const group = groups.get(label);
    if (group) group.push(index);
    else groups.set(label, [index]);
  });
  return new Map(Array.from(groups, ([label, indices]) => [label, Int32Array.from(indices)]));
}
