import { readFileSync } from 'node:fs';

import { packageFolder } from './package-folder.js';

/** The version of this package, as its package.json has it. */
export const version: string = (
  JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8')) as { version: string }
).version;
