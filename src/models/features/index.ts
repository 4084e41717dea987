import { Registry } from '../../core/registry.js';
import { hog } from './hog.js';
import { pca } from './pca.js';
import { raw } from './raw.js';
import { scattering } from './scattering.js';

/** The features for `--features`. To add some, add a file in this folder and a line here. */
export const features = new Registry('features', [raw, pca, hog, scattering], ['build']);
