// Collects damaged and hostile folders, archives, tables and arrays: `node bench/fuzz-sources.mjs [INPUTS] [SEED]`. Fails where one of
// them ends in anything but a data set or an error of the table, or writes outside the data set's folder.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const inputs = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? 1);
const folder = await mkdtemp(join(tmpdir(), 'mnist-fuzz-'));
// Beside node_modules, so that it finds the packages.
const program = new URL('../dist/fuzz-sources.mjs', import.meta.url);
try {
  await build({
    entryPoints: [new URL('../test/support/hostile-sources.ts', import.meta.url).pathname],
    outfile: program.pathname,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  const { collectHostile } = await import(pathToFileURL(program.pathname).href);
  const start = performance.now();
  const tally = await collectHostile(folder, seed, inputs);
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify(tally, undefined, 2));
  console.log(`${Math.round((performance.now() - start) / 1000)} s; peak memory ${peak} MiB`);
} finally {
  await rm(folder, { recursive: true, force: true });
  await rm(program, { force: true });
}
