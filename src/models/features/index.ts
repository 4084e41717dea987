import { Registry } from '../../core/registry.js';
import { hog } from './hog.js';
import { pca } from './pca.js';
import { raw } from './raw.js';

/** The features that `--features` can name. New ones are a file beside this one, and a line here. */
export const features = new Registry('features', [raw, pca, hog]);
