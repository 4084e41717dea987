import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { packageFolder } from '../../core/package-folder.js';

/** A script, and its hash as a Content Security Policy has it. */
export interface PageScript {
  code: string;
  hash: string;
}

let script: PageScript | undefined;

/** The script of reports and cards, which the build makes of `src/page/report`. */
export function pageScript(): PageScript {
  return (script ??= read());
}

function read(): PageScript {
  const code = readFileSync(new URL('dist/report/main.js', packageFolder), 'utf8').trim();
  return { code, hash: `sha256-${createHash('sha256').update(code).digest('base64')}` };
}
