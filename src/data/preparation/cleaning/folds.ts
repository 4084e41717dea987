import { Random } from '../../../core/random.js';

/**
 * Deals the images of every class out into folds, so that each fold has its share of each class. The same labels, number and
 * seed always give the same folds.
 *
 * @returns the fold of each image, from 0 to `folds` − 1
 */
export function stratifiedFolds(labels: Uint8Array, folds: number, seed: number): Uint8Array {
  const order = Int32Array.from(labels, (_, index) => index);
  new Random(seed, 'folds').shuffle(order);
  const foldOf = new Uint8Array(labels.length);
  const dealt = new Map<number, number>();
  for (const index of order) {
    const label = labels[index]!;
    // Classes begin with different folds, or small classes would fill the first ones.
    const next = dealt.get(label) ?? label % folds;
    foldOf[index] = next;
    dealt.set(label, (next + 1) % folds);
  }
  return foldOf;
}
