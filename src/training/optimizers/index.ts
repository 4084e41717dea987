import { Registry } from '../../core/registry.js';
import { adam } from './adam.js';
import { adamw } from './adamw.js';
import { lamb } from './lamb.js';
import { lars } from './lars.js';
import { momentum } from './momentum.js';
import { sgd } from './sgd.js';

/** The optimisers of `--optimizer`. To add one, create a file beside this one and add it to this list. */
export const optimizers = new Registry('optimizer', [sgd, momentum, adam, adamw, lars, lamb], ['build']);
