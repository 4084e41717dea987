import { Registry } from '../../core/registry.js';
import { constant } from './constant.js';
import { cosine } from './cosine.js';
import { linear } from './linear.js';
import { oneCycle } from './one-cycle.js';
import { step } from './step.js';

/** The schedules of `--schedule`. To add one, create a file beside this one and add it to this list. */
export const schedules = new Registry('schedule', [constant, linear, cosine, step, oneCycle], ['build']);
