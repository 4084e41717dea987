import { Registry } from '../../core/registry.js';
import { none } from './none.js';

/** The metrics for `--metric`, beside those that are always measured: plug-ins of users. */
export const metrics = new Registry('metric', [none], ['measure']);
