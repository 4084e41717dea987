import { Registry } from '../../../core/registry.js';
import { files } from './files.js';

/** The sources of images for `collect`: files, and plug-ins of users. */
export const sources = new Registry('source', [files], ['images']);
