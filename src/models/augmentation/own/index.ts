import { Registry } from '../../../core/registry.js';
import { none } from './none.js';

/** The augmentations for `--augment`, which follow those of the options `--augment-…`: plug-ins of users. */
export const ownAugmentations = new Registry('augmentation', [none], ['build']);
