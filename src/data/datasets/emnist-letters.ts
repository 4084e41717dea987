import { defineEmnist } from './emnist-files.js';

/** Letters, capital or small. */
export const emnistLetters = defineEmnist({
  name: 'emnist-letters',
  summary: 'handwritten letters (EMNIST letters), 124,800 + 20,800 images, 28×28, 26 classes',
  split: 'letters',
  train: 124_800,
  test: 20_800,
  classNames: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  firstLabel: 1,
});
