import { Registry } from '../../core/registry.js';
import { adam } from './adam.js';
import { adamw } from './adamw.js';
import { momentum } from './momentum.js';
import { sgd } from './sgd.js';

/** The optimisers that `--optimizer` can name. A new one is a file beside this one, and a line here. */
export const optimizers = new Registry('optimizer', [sgd, momentum, adam, adamw]);
