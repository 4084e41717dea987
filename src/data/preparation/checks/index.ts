import { Registry } from '../../../core/registry.js';
import { constantImagesCheck } from './constant-images.js';
import { duplicatesCheck } from './duplicates.js';
import { labelErrorsCheck } from './label-errors.js';
import { labelsCheck } from './labels.js';
import { nearDuplicatesCheck } from './near-duplicates.js';
import { outliersCheck } from './outliers.js';

/**
 * The checks that `--clean` can name, in the order in which they are run: what one leaves out, later ones do not learn from.
 * A new one is a file beside this one, and a line here.
 */
export const checks = new Registry('check', [
  constantImagesCheck,
  duplicatesCheck,
  nearDuplicatesCheck,
  outliersCheck,
  labelsCheck,
  labelErrorsCheck,
]);
