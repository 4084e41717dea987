import { Registry } from '../../core/registry.js';
import { crossEntropy } from './cross-entropy.js';
import { focal } from './focal.js';

/** The losses of `--loss`. To add one, create a file beside this one and add it to this list. */
export const losses = new Registry('loss', [crossEntropy, focal], ['build']);
