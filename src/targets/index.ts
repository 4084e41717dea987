import { Registry } from '../core/registry.js';
import { registry } from './registry.js';

/** The targets that `--to` can name. A new one is a file beside this one, and a line here. */
export const targets = new Registry('target', [registry]);
