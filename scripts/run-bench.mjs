// Bundles programs of bench/ to bench/build, then runs the first with the rest of this command's arguments:
//   node scripts/run-bench.mjs race,contestants/ours --list
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const inBench = (path) => fileURLToPath(new URL(`../bench/${path}`, import.meta.url));

const [list, ...words] = process.argv.slice(2);
const programs = list.split(',');

await build({
  entryPoints: Object.fromEntries(programs.map((path) => [basename(path), inBench(`${path}.ts`)])),
  outdir: inBench('build'),
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  external: ['#*'],
  logLevel: 'warning',
});
const program = inBench(`build/${basename(programs[0])}.js`);
const { status } = spawnSync(process.execPath, [program, ...words], { stdio: 'inherit' });
process.exitCode = status ?? 1;
