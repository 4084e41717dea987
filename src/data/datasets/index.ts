import { Registry } from '../../core/registry.js';
import type { DatasetDefinition } from './dataset.js';
import { emnist } from './emnist.js';
import { emnistDigits } from './emnist-digits.js';
import { emnistLetters } from './emnist-letters.js';
import { fashionMnist } from './fashion-mnist.js';
import { kmnist } from './kmnist.js';
import { mnist } from './mnist.js';

/** The published data sets that are known by name. A new one is a file beside this one, and a line here. */
export const datasets = new Registry<DatasetDefinition>('data set', [
  mnist,
  fashionMnist,
  kmnist,
  emnist,
  emnistLetters,
  emnistDigits,
]);
