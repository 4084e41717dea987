import type { SplitName } from '../sample.js';

/** The names of the arrays of images and of labels of a split. */
export interface NamedArrays {
  images: string | undefined;
  labels: string | undefined;
  split: SplitName | undefined;
}

const IMAGE_WORDS = ['images', 'image', 'imgs', 'img', 'x', 'data', 'features', 'inputs', 'pixels'];
const LABEL_WORDS = ['labels', 'label', 'y', 'targets', 'target', 'classes', 'class'];
const SPLIT_WORDS: readonly (readonly [split: SplitName, words: readonly string[]])[] = [
  ['train', ['train', 'training']],
  ['validation', ['val', 'valid', 'validation']],
  ['test', ['test', 'testing']],
];

/**
 * Which arrays belong together, by their names: `train_images` and `train_labels` as in MedMNIST, `x_train` and `y_train` as in Keras,
 * `data` and `target` as in scikit-learn, the two arrays that NumPy names `arr_0` and `arr_1`, and other ways to write these. Arrays
 * without a split count only where there are none with one.
 */
export function namedArrays(names: readonly string[]): NamedArrays[] {
  const known = new Map(names.map((name) => [name.toLowerCase().replaceAll(/[^a-z0-9]/g, ''), name]));
  const find = (words: readonly string[], splits: readonly string[]): string | undefined =>
    words
      .flatMap((word) => splits.flatMap((split) => [split + word, word + split]))
      .map((name) => known.get(name))
      .find((name) => name !== undefined);
  const bySplit = SPLIT_WORDS.map(([split, words]) => ({
    images: find(IMAGE_WORDS, words),
    labels: find(LABEL_WORDS, words),
    split,
  })).filter(({ images, labels }) => images !== undefined || labels !== undefined);
  if (bySplit.length > 0) return bySplit;
  const [images, labels] = [find(IMAGE_WORDS, ['']), find(LABEL_WORDS, [''])];
  if (images !== undefined || labels !== undefined) return [{ images, labels, split: undefined }];
  const isPositional = names.length === 2 && known.has('arr0') && known.has('arr1');
  return isPositional ? [{ images: known.get('arr0'), labels: known.get('arr1'), split: undefined }] : [];
}
