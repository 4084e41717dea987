import { Registry } from '../../../core/registry.js';
import { median } from './median.js';
import { nonLocalMeans } from './non-local-means.js';

/** The ways in which `--denoise` can remove noise. A new one is a file beside this one, and a line here. */
export const denoisers = new Registry('denoiser', [median, nonLocalMeans]);
