import { defineEmnist } from './emnist-files.js';

/** Digits and letters; small letters that look like their capitals share a class with them. */
export const emnist = defineEmnist({
  name: 'emnist',
  summary: 'handwritten digits and letters (EMNIST balanced), 112,800 + 18,800 images, 28×28',
  split: 'balanced',
  train: 112_800,
  test: 18_800,
  classNames: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt',
});
