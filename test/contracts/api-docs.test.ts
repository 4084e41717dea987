import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

it('documents each public entry without a warning', { timeout: 180_000 }, () => {
  const words = ['scripts/api-docs.mjs', '--check'];
  const { stdout, stderr, status } = spawnSync(process.execPath, words, { cwd: CHECKOUT, encoding: 'utf8' });
  expect(stdout + stderr).not.toMatch(/\[(warning|error)\]/);
  expect(status).toBe(0);
  const manifest = readFileSync(`${CHECKOUT}package.json`, 'utf8');
  const { exports } = JSON.parse(manifest) as { exports: Record<string, string | { types: string }> };
  const entries = Object.values(exports).flatMap((target) =>
    typeof target === 'string'
      ? []
      : target.types.replace(/^\.\/(dist\/)?/, '').replace(/(\/index)?\.d\.ts$/, ''),
  );
  const documented = /documented: (.*)/.exec(stdout)?.[1]?.split(', ') ?? [];
  expect(documented.sort()).toEqual(entries.sort());
});
