import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

const EXAMPLES = fileURLToPath(new URL('../../examples/tensorflow', import.meta.url));

/** What each example prints in the end. */
const LAST_LINES: Readonly<Record<string, RegExp>> = {
  'train.mjs': /^loss 0\.0\d+, accuracy (1\.000|0\.9[5-9]\d)$/,
  'train.cjs': /^y = 3\.000 x \+ 0\.500$/,
  'runtime.mjs': /^(cpu|cuda|python) \d+\.\d+\.\d+: (installed, \d+ MB|\d+ MB to download)$/,
};

describe('examples/tensorflow', () => {
  it('has the examples that are run here', () => {
    expect(readdirSync(EXAMPLES).sort()).toEqual(Object.keys(LAST_LINES).sort());
  });

  it.each(Object.entries(LAST_LINES))('%s runs', { timeout: 120_000 }, (file, lastLine) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(EXAMPLES, file)], {
      encoding: 'utf8',
    });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(lastLine);
  });
});
