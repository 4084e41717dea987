import { fileURLToPath } from 'node:url';

import { packageFolder } from '../../core/package-folder.js';

/** Where the build puts the page: its files for the server, and the script that needs no server. */
export const PAGE_FOLDER = fileURLToPath(new URL('dist/page', packageFolder));
export const STANDALONE_SCRIPT = fileURLToPath(new URL('dist/web/main.js', packageFolder));
