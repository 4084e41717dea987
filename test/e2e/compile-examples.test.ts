import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

const FOLDER = 'examples/compile';
const examples = readdirSync(FOLDER).filter((name) => name !== 'compare.mjs');

describe('the examples of docs/compile.md', () => {
  it.each(examples)('%s gives the same compiled as eagerly, and prints both times', async (name) => {
    const { stdout } = await promisify(execFile)(process.execPath, [`${FOLDER}/${name}`]);
    const [, difference] =
      /^[\w ,.-]+: eager \d+ ms, compiled \d+ ms, largest difference (\S+)\n$/.exec(stdout) ?? [];
    expect(Number(difference), stdout).toBeLessThanOrEqual(1e-6);
  });
});
