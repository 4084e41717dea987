import { defineEmnist } from './emnist-files.js';

/** Four times as many digits as MNIST has. */
export const emnistDigits = defineEmnist({
  name: 'emnist-digits',
  summary: 'handwritten digits (EMNIST digits), 240,000 + 40,000 images, 28×28',
  split: 'digits',
  train: 240_000,
  test: 40_000,
  classNames: '0123456789',
});
